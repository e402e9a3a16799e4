import { expect, test } from 'vitest'
import { FaultTable, parseFault } from '../../../src/simulator/faults.ts'

function table(...requests: unknown[]): FaultTable {
  const faults = new FaultTable()
  for (const request of requests) faults.add(parseFault(request))
  return faults
}

test('a fault strikes its user at its stage, as often as it was asked to', () => {
  const faults = table({ kind: 'failure', reason: 403, user: '1', times: 2 })
  expect(faults.take('login', '2')).toEqual([])
  expect(faults.take('opened', '1')).toEqual([])
  expect(faults.take('login', '1')).toMatchObject([{ reason: 403 }])
  expect(faults.list()).toMatchObject([{ left: 1 }])
  expect(faults.take('login', '1')).toHaveLength(1)
  expect(faults.take('login', '1')).toEqual([])
  expect(faults.list()).toEqual([])
})

test('a fault for everybody strikes once, whoever comes', () => {
  const faults = table({ kind: 'drop' })
  expect(faults.take('opened', '7')).toHaveLength(1)
  expect(faults.take('opened', '8')).toEqual([])
})

test('faults stay until cleared when told so', () => {
  const faults = table({ kind: 'reset', times: 'always' }, { kind: 'conflict', user: '1' })
  for (let i = 0; i < 5; i++) expect(faults.take('upgrade')).toHaveLength(1)
  expect(faults.list()).toMatchObject([{ kind: 'reset', left: 'always' }, { kind: 'conflict' }])
  faults.clear('1')
  expect(faults.list()).toMatchObject([{ kind: 'reset' }])
  faults.clear()
  expect(faults.take('upgrade')).toEqual([])
})

test.for([
  [{ kind: 'earthquake' }, 'kinds are refuse, reset'],
  [{ kind: 'failure' }, 'reason'],
  [{ kind: 'failure', reason: 200 }, 'reason'],
  [{ kind: 'slow' }, 'ms'],
  [{ kind: 'drop', times: 0 }, 'times'],
  [{ kind: 'untrusted', user: '1' }, 'takes no user'],
  [{ kind: 'failure', reason: 401, when: 'now' }, 'cannot strike connections that are open'],
  [undefined, 'not a fault'],
] as const)('%o is refused: %s', ([request, text]) => {
  let refusal = ''
  try {
    parseFault(request)
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string }
    refusal = `${message} ${hint ?? ''}`
  }
  expect(refusal).toContain(text)
})
