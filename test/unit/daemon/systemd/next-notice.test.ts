import { expect, test } from 'vitest'
import {
  NOTHING_SAID,
  nextNotice,
  type Moment,
  type Said,
} from '../../../../src/daemon/systemd/next-notice.ts'
import type { Notice } from '../../../../src/daemon/systemd/service-manager.ts'

const WATCHDOG_MS = 30_000
const WELL: Moment = { now: 0, stage: 'running', alive: true, status: 'fine', moved: 0 }

/** What is said when looked at every second, with the seconds at which it is. */
function said(
  seconds: number,
  at: (second: number) => Partial<Moment>,
): [second: number, notice: Notice][] {
  const notices: [number, Notice][] = []
  let before: Said = NOTHING_SAID
  for (let second = 0; second < seconds; second++) {
    const next = nextNotice({ ...WELL, now: second * 1_000, ...at(second) }, before, WATCHDOG_MS)
    if (next === undefined) continue
    before = next.said
    notices.push([second, next.notice])
  }
  return notices
}

const when = (notices: [number, Notice][], name: keyof Notice) =>
  notices.filter(([, notice]) => name in notice).map(([second]) => second)

test('signs of life come three times within the time of the watchdog', () => {
  expect(
    when(
      said(31, () => ({})),
      'WATCHDOG',
    ),
  ).toEqual([0, 10, 20, 30])
})

test('no sign of life while only a restart heals, and at once when that has passed', () => {
  const notices = said(31, (second) => ({ alive: second < 5 || second >= 25 }))
  expect(when(notices, 'WATCHDOG')).toEqual([0, 25])
})

test('no sign of life where nobody watches', () => {
  const unwatched = nextNotice(WELL, NOTHING_SAID, undefined)
  expect(unwatched?.notice).toEqual({ STATUS: 'fine' })
})

test('the status is told when it changes, and not too often', () => {
  const notices = said(14, (second) => ({ status: second < 3 ? 'old' : `new ${second >> 1}` }))
  expect(notices.filter(([, n]) => n.STATUS).map(([second, n]) => [second, n.STATUS])).toEqual([
    [0, 'old'],
    [5, 'new 2'],
    [10, 'new 5'],
  ])
})

test('a start is extended while the worker is alive', () => {
  const waiting = said(31, (second) => ({ stage: 'starting', alive: second < 15 }))
  expect(when(waiting, 'EXTEND_TIMEOUT_USEC')).toEqual([0, 10])
  expect(waiting[0]?.[1].EXTEND_TIMEOUT_USEC).toBe('60000000')
})

test('a stop is extended only by what moves it forward', () => {
  const steps = [0, 0, 3, 3, 3, 4, 4, 4, 4, 4]
  const stopping = said(10, (second) => ({ stage: 'stopping', moved: steps[second] ?? 4 }))
  expect(when(stopping, 'EXTEND_TIMEOUT_USEC')).toEqual([2, 5])
})

test('nothing else is extended', () => {
  for (const stage of ['running', 'reloading'] as const)
    expect(
      when(
        said(60, (second) => ({ stage, moved: second })),
        'EXTEND_TIMEOUT_USEC',
      ),
    ).toEqual([])
})
