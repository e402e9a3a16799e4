import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../../src/session/backoff.ts'

test('waits grow with the attempts, stay under the limit, and differ by chance', () => {
  const settings = { baseMs: 1_000, maxMs: 60_000 }
  expect(backoffMs(0, settings, 0)).toBe(500)
  expect(backoffMs(3, settings, 0)).toBe(4_000)
  fc.assert(
    fc.property(
      fc.nat(10_000),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMs(attempt, settings, random)
        return wait >= 500 && wait <= settings.maxMs
      },
    ),
  )
})
