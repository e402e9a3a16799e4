import { afterEach, expect, test } from 'vitest'
import { screenLines, type Drawn } from '../../../src/tui/lines/screen.ts'
import { daemonStatus } from '../../support/daemon-status.ts'
import { Bench } from '../../support/dashboard.ts'
import type { Status } from '../../../src/tui/world.ts'

const DAY = 86_400_000
const WEEK = 7 * DAY
const NOW = new Bench().at
const SMALL = { columns: 80, rows: 24 }
const LARGE = { columns: 200, rows: 60 }

let bench: Bench
afterEach(() => bench.dashboard.stop())

/** The header's third line, as text. */
function under(size: typeof SMALL, verify: Partial<Status['verify']>) {
  bench = new Bench({ size })
  const all = { intervalMs: WEEK, sessions: 1_000, verified: 0, damaged: [], ...verify }
  bench.dashboard.status(daemonStatus({ startedAt: bench.at, verify: all }))
  return bench.lines[2]
}

const USUAL = 'store: healthy, not off-host · behind: nothing · standalone · '

test.each<[Partial<Status['verify']>, string, string]>([
  [{ verified: 998 }, 'verified 998/1000', 'backups verified: 998 of 1000'],
  [{ verified: 1_000, oldestAt: 6 * DAY }, 'verified 6d ago', 'oldest backup verified 6d ago'],
  [
    { verified: 1_000, oldestAt: 15 * DAY },
    '! verified 15d ago',
    '! oldest backup verified 15d ago',
  ],
])('the oldest unverified backup: %j', ({ oldestAt, ...rest }, short, long) => {
  const verify = { ...rest, ...(oldestAt !== undefined && { oldestAt: NOW - oldestAt }) }
  expect(under(SMALL, verify)).toBe(USUAL + short)
  expect(under(LARGE, verify)).toBe(USUAL + long)
})

test('damaged copies come before everything else, in red', () => {
  const verify = { verified: 1_000, oldestAt: NOW - DAY, damaged: ['anna', 'ben'] }
  expect(under(SMALL, verify)).toMatch(
    /^✗ 2 copies DAMAGED · store: healthy, not off-host · behind/,
  )
  expect(under(LARGE, verify)).toMatch(/^✗ 2 copies DAMAGED · .* · oldest backup verified 1d ago$/)
  const [, , { segments }] = screenLines(bench.dashboard) as [Drawn, Drawn, Drawn]
  expect(segments[0]).toEqual({ text: '✗ 2 copies DAMAGED', color: 'red' })
})

test('without sessions nothing is said of verification', () => {
  expect(under(SMALL, { sessions: 0 })).toBe(
    'store: healthy, not off-host · behind: nothing · standalone',
  )
})

test.each([
  ['connected', ''],
  ['connecting', ''],
  ['away', ' · ! fleet: away for 2m'],
  ['refused', ' · ! fleet: refused for 2m'],
] as const)('a fleet directory that is %s', (state, words) => {
  bench = new Bench({ size: LARGE })
  const fleet = { database: 'db:5432/f', state, since: bench.at - 120_000, waiting: 0 }
  bench.dashboard.status(daemonStatus({ startedAt: bench.at, fleet }))
  expect(bench.lines[2]).toBe(`store: healthy, not off-host · behind: nothing · standalone${words}`)
})
