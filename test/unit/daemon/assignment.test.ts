import { expect, test } from 'vitest'
import { decide } from '../../../src/daemon/assignment.ts'
import type { SessionState } from '../../../src/session/state.ts'

const known = (id: string, state: SessionState = 'online', more: object = {}) => ({
  id,
  state,
  desired: 'running' as const,
  assignedBy: 'backend' as const,
  taken: false,
  ...more,
})
const facts = (more: Partial<Parameters<typeof decide>[0]> = {}) => ({
  listed: new Set<string>(),
  known: [],
  missed: new Map<string, number>(),
  wanted: new Map<string, string>(),
  ...more,
})

test('what is assigned and was never tried here is started', () => {
  const { start } = decide(
    facts({
      listed: new Set(['new', 'back', 'online', 'failed', 'paused']),
      known: [
        known('new', 'idle'),
        known('back', 'closed'),
        known('online'),
        known('failed', 'failed'),
        known('paused', 'closed', { desired: 'paused' }),
      ],
    }),
  )
  expect(start).toEqual(['new', 'back'])
})

test('a session that no list has any more goes on while nobody else wants it', () => {
  let missed: ReadonlyMap<string, number> = new Map()
  for (let list = 0; list < 100; list++) {
    const decision = decide(facts({ known: [known('anna')], missed }))
    expect(decision).toMatchObject({ handOver: [], unlisted: ['anna'] })
    missed = decision.missed
  }
})

test('it is handed over when it is missing again and another worker asks for it', () => {
  const wanted = new Map([['anna', 'worker-2']])
  const first = decide(facts({ known: [known('anna')], wanted }))
  expect(first.handOver).toEqual([])
  const second = decide(facts({ known: [known('anna')], wanted, missed: first.missed }))
  expect(second.handOver).toEqual([{ sessionId: 'anna', worker: 'worker-2' }])
})

test('asking alone is no reason, and a list that has it again starts the count anew', () => {
  const wanted = new Map([['anna', 'worker-2']])
  const missed = new Map([['anna', 1]])
  const listed = new Set(['anna'])
  const decision = decide(facts({ known: [known('anna')], wanted, missed, listed }))
  expect(decision.handOver).toEqual([])
  expect(decision.missed.has('anna')).toBe(false)
})

test('a session that another worker has already is forgotten when it is missing again', () => {
  const lost = known('anna', 'conflict', { taken: true })
  const first = decide(facts({ known: [lost] }))
  expect(first).toMatchObject({ handOver: [], unlisted: [] })
  expect(decide(facts({ known: [lost], missed: first.missed })).handOver).toEqual([
    { sessionId: 'anna', worker: undefined },
  ])
})

test('after a start, what a first list misses may be resumed with the second', () => {
  const idle = known('anna', 'idle')
  const first = decide(facts({ known: [idle] }))
  expect(first).toMatchObject({ start: [], resume: [] })
  const second = decide(facts({ known: [idle], missed: first.missed }))
  expect(second).toMatchObject({ start: [], resume: ['anna'] })
  const wanted = new Map([['anna', 'worker-2']])
  expect(decide(facts({ known: [idle], missed: first.missed, wanted }))).toMatchObject({
    resume: [],
    handOver: [{ sessionId: 'anna' }],
  })
})

test('sessions that were paired here are not the list’s to miss', () => {
  const own = known('anna', 'online', { assignedBy: 'local' })
  expect(decide(facts({ known: [own] }))).toMatchObject({ unlisted: [], handOver: [] })
})
