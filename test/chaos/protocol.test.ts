import { describe, expect, it } from 'vitest'
import { MUTANTS } from './protocol/mutants.ts'
import { runMutant, runParallel } from './protocol/parallel.ts'

const SCHEDULES = 3_000
/** A broken rule that takes more than this to show would not be seen to be broken in time. */
const PATIENCE = 6_000

it('keeps what it promises, whatever happens to stores, processes and disks', async () => {
  const { violations, schedules, counts } = await runParallel(SCHEDULES)
  expect(violations).toEqual([])
  expect(schedules).toBe(SCHEDULES)
  // A schedule in which nothing happens proves nothing.
  for (const [what, count] of Object.entries(counts))
    expect(count, what).toBeGreaterThan(SCHEDULES / 10)
}, 300_000)

describe('a rule broken on purpose is found', () => {
  it.concurrent.each(MUTANTS.map(({ rule, breaks }, index) => [rule, breaks, index] as const))(
    'rule %i: %s',
    async (_rule, _breaks, index) => {
      const { violations } = await runMutant(index, PATIENCE)
      expect(violations).toHaveLength(1)
    },
    300_000,
  )

  it('has a mutant for every rule', () => {
    expect(new Set(MUTANTS.map(({ rule }) => rule)).size).toBe(13)
  })
})
