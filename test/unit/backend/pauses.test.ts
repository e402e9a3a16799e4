import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextBeat } from '../../../src/backend/heartbeat.ts'
import { pauseAfter } from '../../../src/backend/pause.ts'

const chance = fc.double({ min: 0, max: 1, noNaN: true })

test('pauses grow to their limit and are never all the same', () => {
  const pauses = { base: 1_000, max: 60_000 }
  expect([1, 2, 3, 6, 7, 500].map((failures) => pauseAfter(failures, pauses, 1))).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
  ])
  expect(pauseAfter(1, pauses, 0)).toBe(500)
  expect(pauseAfter(0, pauses, 1)).toBe(1_000)
})

test.each([
  ['all is well', 0, false, 27_000, 33_000],
  ['the first failure', 1, false, 500, 1_000],
  ['the tenth failure', 10, false, 15_000, 30_000],
  ['a refused token', 1, true, 60_000, 120_000],
  ['a token refused for long', 9, true, 150_000, 300_000],
])('the next beat when %s', (_, failures, denied, least, most) => {
  expect(nextBeat(30_000, failures, denied, 0)).toBe(least)
  expect(nextBeat(30_000, failures, denied, 1)).toBe(most)
})

test('whatever fails, the worker neither hammers nor gives up', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 3_600_000 }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.boolean(),
      chance,
      (interval, failures, denied, random) => {
        const next = nextBeat(interval, failures, denied, random)
        expect(next).toBeGreaterThanOrEqual(Math.floor(Math.min(interval, 1_000) / 2))
        expect(next).toBeLessThanOrEqual(interval * 10)
      },
    ),
  )
})
