import { expect, test } from 'vitest'
import { percentile, rtoOf } from '../../../../src/daemon/drill/estimate.ts'

const facts = {
  sessions: 1_000,
  restoreMs: [10, 20, 30],
  loginMs: [100],
  restores: 20,
  logins: 20,
  loginRate: 200,
}

test('restores and logins go side by side: the longer of the two counts', () => {
  // 50 rounds of restores of 20 ms; 1,000 logins at 200 a second, or 50 rounds of 100 ms.
  expect(rtoOf(facts)).toEqual({ sessions: 1_000, restoreMs: 1_000, totalMs: 5_020 })
  expect(rtoOf({ ...facts, loginRate: 20 })).toMatchObject({ totalMs: 50_020 })
  expect(rtoOf({ ...facts, restoreMs: [2_000] })).toMatchObject({
    restoreMs: 100_000,
    totalMs: 100_100,
  })
})

test('without a measured login one over the Internet is taken', () => {
  expect(rtoOf({ ...facts, sessions: 1, loginMs: [] }).totalMs).toBe(2_020)
})

test('nobody to bring back costs nothing', () => {
  expect(rtoOf({ ...facts, sessions: 0 })).toEqual({ sessions: 0, restoreMs: 0, totalMs: 0 })
})

test('percentiles of measured values', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i)
  expect(percentile(values, 0.5)).toBe(51)
  expect(percentile(values, 0.95)).toBe(96)
  expect(percentile([], 0.95)).toBe(0)
})
