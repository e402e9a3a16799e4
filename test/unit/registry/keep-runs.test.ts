import { expect, test } from 'vitest'
import { runsToDrop } from '../../../src/registry/keep-runs.ts'

const NOW = Date.UTC(2026, 5, 1)
const DAY = 24 * 3_600_000

/** Newest first, a minute apart. */
function runs(count: number, more: (n: number) => object = () => ({})) {
  return Array.from({ length: count }, (_, n) => ({
    id: count - n,
    trigger: 'operator' as const,
    state: 'ended' as const,
    startedAt: NOW - n * 60_000,
    recovered: 1,
    ...more(n),
  }))
}

test('the newest hundred stay', () => {
  expect(runsToDrop(runs(100), NOW)).toEqual([])
  expect(runsToDrop(runs(103), NOW)).toEqual([3, 2, 1])
})

test('of retries that brought nobody back the newest ten stay, and crowd out nothing else', () => {
  const retries = runs(3_000, () => ({ trigger: 'retry', recovered: 0 }))
  const start = { ...retries[0], id: 0, trigger: 'start' as const, startedAt: NOW - DAY } as const
  const all = [...retries, { ...start, state: 'ended' as const, recovered: 5 }]
  const dropped = new Set(runsToDrop(all, NOW))
  expect(all.filter(({ id }) => !dropped.has(id)).map(({ id }) => id)).toEqual([
    ...Array.from({ length: 10 }, (_, n) => 3_000 - n),
    0,
  ])
})

test('what is older than 30 days goes, but never the newest run or one under way', () => {
  const old = { startedAt: NOW - 31 * DAY }
  expect(
    runsToDrop(
      runs(3, () => old),
      NOW,
    ),
  ).toEqual([2, 1])
  expect(
    runsToDrop(
      runs(2, (n) => (n === 1 ? { ...old, state: 'running' } : {})),
      NOW,
    ),
  ).toEqual([])
  expect(runsToDrop([], NOW)).toEqual([])
})
