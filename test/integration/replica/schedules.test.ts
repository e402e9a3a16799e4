import { expect, it } from 'vitest'
import { ReplicaWorld } from '../../support/replica-world.ts'

const SCHEDULES = Number(process.env['REPLICA_SCHEDULES'] ?? 1_500)
const STEPS = 300

it('keeps one owner an epoch, a growing history and every answered-for change, whatever happens', async () => {
  const counts = { claims: 0, warm: 0, cold: 0, new: 0, refused: 0, folds: 0, releases: 0 }
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const world = new ReplicaWorld(seed)
    try {
      await world.run(STEPS)
    } catch (error) {
      throw new Error(`schedule ${seed}: ${String(error)}`, { cause: error })
    }
    for (const key of Object.keys(counts) as (keyof typeof counts)[])
      counts[key] += world.counts[key]
  }
  // A schedule in which nothing happens proves nothing.
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(SCHEDULES / 5)
}, 600_000)
