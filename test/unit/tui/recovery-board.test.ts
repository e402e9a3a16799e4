import { expect, test } from 'vitest'
import type { Event } from '../../../src/control/api.ts'
import { joined, NO_RECOVERY, pace, seen, type Board } from '../../../src/tui/recovery-board.ts'

const settled = (n: number, outcome: 'recovered' | 'failed' = 'recovered'): Event<'recover'> => ({
  type: 'settled',
  result: {
    sessionId: `s${n}`,
    outcome,
    attempts: 1,
    durations: { connect: 400, total: 500 },
  },
  done: n,
  total: 100,
})

/** The board after events, one a second. */
function after(events: Event<'recover'>[], board: Board = NO_RECOVERY): Board {
  return events.reduce((sum, event, n) => seen(sum, event, n * 1_000), board)
}

test('sessions, routes and times are counted as they settle', () => {
  const board = after([
    { type: 'begin', total: 3 },
    { type: 'restored', sessionId: 's1', route: 'cold', ms: 200 },
    { type: 'restored', sessionId: 's2', route: 'warm', ms: 1 },
    { type: 'retry', sessionId: 's2', attempt: 1, delayMs: 50, detail: 'lost' },
    settled(1),
    settled(2, 'failed'),
  ])
  expect(board).toMatchObject({
    running: true,
    total: 3,
    done: 2,
    recovered: 1,
    failed: 1,
    warm: 1,
    cold: 1,
    retries: 1,
    restores: { count: 1, ms: 200 },
    connects: { count: 2, ms: 800 },
  })
  const ended = after([settled(3), { type: 'end', results: [] }], board)
  expect(ended).toMatchObject({ running: false, done: 3 })
})

test('a recovery beside another is counted together with it, a later one anew', () => {
  const both = after([
    { type: 'begin', total: 2 },
    { type: 'begin', total: 1 },
    settled(1),
    { type: 'end', results: [] },
  ])
  expect(both).toMatchObject({ running: true, total: 3, done: 1 })
  const over = after([settled(1), settled(2), { type: 'end', results: [] }], both)
  expect(over.running).toBe(false)
  expect(after([{ type: 'begin', total: 5 }], over)).toMatchObject({ total: 5, done: 0 })
})

test('the rate is that of the last ten seconds, and tells what is left', () => {
  const board = after([
    { type: 'begin', total: 30 },
    ...Array.from({ length: 20 }, (_, n) => settled(n)),
  ])
  expect(pace(board, 20_000)).toEqual({ rate: 1, leftMs: 10_000 })
  expect(pace(board, 40_000)).toEqual({ rate: 0, leftMs: undefined })
  expect(pace(NO_RECOVERY, 0)).toEqual({ rate: 0, leftMs: undefined })
})

test('while all wait, nobody knows how long', () => {
  const paused = { outage: 'whatsapp', cause: 'unreachable', since: 1, probes: 0 } as const
  const board = after([{ type: 'begin', total: 30 }, settled(1), { type: 'paused', ...paused }])
  expect(board.paused).toEqual([paused])
  expect(pace(board, 3_000).leftMs).toBeUndefined()
  const tried = after([{ type: 'probe', outage: 'whatsapp', sessionId: 's', probes: 4 }], board)
  expect(tried.paused).toEqual([{ ...paused, probes: 4 }])
  expect(after([{ type: 'resumed', outage: 'whatsapp', pausedMs: 9 }], tried).paused).toEqual([])
})

test('who comes late begins with what the status says', () => {
  const status = {
    phase: 'running',
    total: 100,
    done: 40,
    recovered: 38,
    failed: 2,
    skipped: 0,
    paused: [],
  } as const
  const board = joined(NO_RECOVERY, { ...status, paused: [] }, 5_000)
  expect(board).toMatchObject({ running: true, began: 5_000, total: 100, done: 40, failed: 2 })
  const later = after([settled(41)], board)
  expect(joined(later, { ...status, paused: [] }, 6_000)).toMatchObject({ done: 41 })
})
