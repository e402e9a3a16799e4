import { expect, test } from 'vitest'
import { untilCopy, type CopyHistory } from '../../../src/daemon/copy-turn.ts'

const HOUR = 3_600_000
const MINUTE = 60_000
const NOW = 1_700_000_000_000
const NEVER: CopyHistory = {
  completeAt: undefined,
  incompleteAt: undefined,
  failures: 0,
  failedAt: undefined,
}

test.each<[string, Partial<CopyHistory>, number]>([
  ['there never was one', {}, 0],
  ['the last one is older than the interval', { completeAt: NOW - 2 * HOUR }, 0],
  ['the last one is a quarter of an hour old', { completeAt: NOW - HOUR / 4 }, (HOUR * 3) / 4],
  ['the clock was ahead when it was written', { completeAt: NOW + HOUR }, 0],
  ['sessions were left out just now', { completeAt: NOW - HOUR, incompleteAt: NOW }, HOUR],
  ['the first attempt failed just now', { failures: 1, failedAt: NOW }, MINUTE],
  ['it failed, and the wait is half over', { failures: 1, failedAt: NOW - MINUTE / 2 }, MINUTE / 2],
  ['the third in a row failed just now', { failures: 3, failedAt: NOW }, 4 * MINUTE],
  ['it has failed for days', { failures: 500, failedAt: NOW }, HOUR],
  [
    'it failed while an older copy is due',
    { completeAt: 0, failures: 2, failedAt: NOW },
    2 * MINUTE,
  ],
])('%s', (_, history, wait) => {
  expect(untilCopy({ ...NEVER, ...history }, HOUR, NOW)).toBe(wait)
})
