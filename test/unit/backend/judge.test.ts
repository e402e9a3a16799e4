import { expect, test } from 'vitest'
import { errorOfFailure, errorOfReply, errorOfStatus } from '../../../src/backend/error.ts'
import { judge } from '../../../src/backend/outbox/judge.ts'
import { Reachability } from '../../../src/backend/reach.ts'
import { GatewayError } from '../../../src/session/errors.ts'

const CALL = 'recovery status'

test.each([
  [400, 'refuse'],
  [409, 'refuse'],
  [413, 'refuse'],
  [422, 'refuse'],
  [401, 'denied'],
  [403, 'denied'],
  [408, 'wait'],
  [429, 'wait'],
  [500, 'wait'],
  [503, 'wait'],
  [404, 'unsure'],
  [302, 'unsure'],
])('an answer of %i: %s', (status, verdict) => {
  expect(judge(errorOfStatus(CALL, status, ''), 0)).toBe(verdict)
})

test('no answer waits for ever, an unsure one does not', () => {
  expect(judge(errorOfFailure(CALL, new Error('ECONNRESET')), 1_000_000)).toBe('wait')
  const tries = [0, 1, 2, 3, 4]
  expect(tries.map((n) => judge(errorOfStatus(CALL, 404, ''), n))).toEqual([
    ...Array<string>(4).fill('unsure'),
    'refuse',
  ])
  expect(judge(errorOfReply(CALL, 'a page'), 3)).toBe('unsure')
  expect(judge(errorOfReply(CALL, 'a page'), 4)).toBe('refuse')
})

test('a fault of our own is not repeated for ever', () => {
  expect(judge(new GatewayError({ code: 'internal', message: 'x' }), 0)).toBe('refuse')
})

test('the backend is up, away or refuses the token; only changes are told', () => {
  const reach = new Reachability(0)
  const away = errorOfFailure(CALL, new Error('ECONNREFUSED'))
  const denied = errorOfStatus(CALL, 401, '')
  expect(reach.reach).toBe('unknown')
  expect(reach.note(away, 10)).toMatchObject({ from: 'unknown', to: 'away', error: away })
  expect(reach.note(errorOfStatus(CALL, 503, ''), 20)).toBeUndefined()
  expect(reach.note(denied, 30)).toMatchObject({ from: 'away', to: 'denied', lasted: 20 })
  expect(reach.note(denied, 40)).toBeUndefined()
  expect(reach.note(errorOfStatus(CALL, 400, ''), 50)).toEqual({
    from: 'denied',
    to: 'up',
    lasted: 20,
  })
  expect(reach.note(undefined, 60)).toBeUndefined()
  expect([reach.reach, reach.since]).toEqual(['up', 50])
  expect(reach.note(errorOfReply(CALL, 'a page'), 70)).toMatchObject({ to: 'away' })
})
