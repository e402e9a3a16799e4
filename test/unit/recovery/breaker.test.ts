import { expect, test } from 'vitest'
import {
  afterAttempt,
  CLOSED,
  probing,
  type Breaker,
  type BreakerSettings,
  type Ending,
} from '../../../src/recovery/breaker.ts'

const SETTINGS: BreakerSettings = {
  sessions: 3,
  windowMs: 60_000,
  probe: { baseMs: 1_000, maxMs: 8_000 },
}
const OUTAGE: Ending = { kind: 'outage', cause: 'unreachable' }
const ANSWERED: Ending = { kind: 'answered' }

function after(breaker: Breaker, sessionId: string, ending: Ending, now: number, online = 0) {
  const attempt = { ticket: now, sessionId, ending, online }
  return afterAttempt(breaker, attempt, SETTINGS, { now, random: 0.5 })
}

/** So many different sessions fail, a millisecond apart. */
function failing(count: number, { online = 0, from = CLOSED, at = 0 } = {}): Breaker {
  let breaker = from
  for (let n = 0; n < count; n++) breaker = after(breaker, `s${n}`, OUTAGE, at + n, online)
  return breaker
}

test('it opens when enough different sessions fail alike, and not for one that fails often', () => {
  expect(failing(2).kind).toBe('closed')
  expect(failing(3)).toMatchObject({ kind: 'open', cause: 'unreachable', probes: 0, since: 2 })
  let breaker: Breaker = CLOSED
  for (let n = 0; n < 20; n++) breaker = after(breaker, 'bad', OUTAGE, n)
  expect(breaker.kind).toBe('closed')
})

test('somebody who gets an answer, a refusal too, clears what was counted', () => {
  const answered = after(failing(2), 'ok', ANSWERED, 10)
  expect(failing(2, { from: answered, at: 20 }).kind).toBe('closed')
})

test('what says nothing about the other side changes nothing', () => {
  const before = failing(2)
  expect(after(before, 'x', { kind: 'neutral' }, 5)).toBe(before)
})

test('failures count for as long as the window is', () => {
  expect(after(failing(2), 's9', OUTAGE, 59_000).kind).toBe('open')
  expect(after(failing(2), 's9', OUTAGE, 61_000).kind).toBe('closed')
})

test('a few bad sessions pause nobody while many are online', () => {
  expect(failing(30, { online: 270 }).kind).toBe('closed')
  expect(failing(200, { online: 300 }).kind).toBe('open')
})

test('its probes come ever more seldom, and the first that gets an answer closes it', () => {
  let breaker = failing(3)
  const waits: number[] = []
  for (let now = 100, ticket = 50; waits.length < 6; ticket++) {
    if (breaker.kind !== 'open') throw new Error('it has to be open')
    now = breaker.probeAt
    breaker = probing(breaker, ticket)
    expect(breaker.kind).toBe('probing')
    const attempt = { ticket, sessionId: 'p', ending: OUTAGE, online: 0 }
    breaker = afterAttempt(breaker, attempt, SETTINGS, { now, random: 0.999 })
    if (breaker.kind === 'open') waits.push(Math.round(breaker.probeAt - now))
  }
  expect(waits.map((ms) => Math.round(ms / 1000))).toEqual([2, 4, 8, 8, 8, 8])
  breaker = probing(breaker, 99)
  const attempt = { ticket: 99, sessionId: 'p', ending: ANSWERED, online: 0 }
  expect(afterAttempt(breaker, attempt, SETTINGS, { now: 1e6, random: 0 })).toBe(CLOSED)
})

test('attempts that began before it opened do not disturb the probe', () => {
  const open = failing(3)
  expect(after(open, 's7', OUTAGE, 5)).toBe(open)
  const probe = probing(open, 77)
  expect(after(probe, 's8', OUTAGE, 6)).toBe(probe)
  expect(after(probe, 's8', ANSWERED, 6)).toBe(CLOSED)
})
