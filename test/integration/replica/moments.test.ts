import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { MomentsWorld, type Step } from '../../support/moments-world.ts'

/** `npm run chaos` sets its rounds: as many times ten. */
const RUNS = Math.max(200, 10 * Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 0))

const WEIGHTS: Record<Step['kind'], number> = {
  write: 14,
  wait: 5,
  fold: 3,
  tidy: 2,
  give: 2,
  take: 1,
  crash: 1,
  wipe: 1,
  back: 2,
  undo: 1,
  pair: 1,
  collect: 3,
  clock: 1,
}

const kinds = Object.entries(WEIGHTS) as [Step['kind'], number][]
const step = fc.record({
  kind: fc.oneof(...kinds.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
  id: fc.nat(2),
  n: fc.nat(40),
})

it('brings every moment inside the window back as it was, whatever came between', async () => {
  const done = new Map<string, number>()
  let checked = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const world = new MomentsWorld()
      await world.begin()
      for (const [index, one] of steps.entries()) {
        await world.run(one)
        if (index % 20 === 19) await world.check()
      }
      await world.check()
      checked += world.checked
      for (const [kind, n] of world.done) done.set(kind, (done.get(kind) ?? 0) + n)
    }),
    { numRuns: RUNS, seed: 20_262 },
  )
  expect(checked).toBeGreaterThan(RUNS * 10)
  for (const [kind] of kinds) expect(done.get(kind) ?? 0, kind).toBeGreaterThan(RUNS / 10)
}, 300_000)
