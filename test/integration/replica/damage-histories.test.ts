import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkDamages, type Tally } from '../../support/damage-check.ts'
import { DamageHistory, WEIGHTS, type HistoryStep } from '../../support/damage-history.ts'

const HISTORIES = Number(process.env['WA_GATEWAY_DAMAGE_HISTORIES'] ?? 15)
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 20_263)
const PRINTS = process.env['WA_GATEWAY_DAMAGE_HISTORIES'] !== undefined

/** What nobody finds, by row of the table in docs/ARCHITECTURE.md. */
const EXCEPTIONS = new Set([
  'end of a log: delete of slot',
  'older owner: leads on to the newest state',
  'older owner: of an earlier epoch, no disk remembers',
  'older owner: of the same epoch, no disk remembers',
  'owner and snapshots: delete of owner',
  'not needed: delete of slot',
  'not needed: delete of snapshot',
  'not needed: delete of low',
  'not needed: replay of low',
  'not needed: delete of alive',
  'not needed: replay of alive',
  'not needed: delete of want',
  'not needed: replay of want',
])

const kinds = Object.entries(WEIGHTS) as [HistoryStep['kind'], number][]
const step = fc.record({
  kind: fc.oneof(...kinds.map(([kind, weight]) => ({ weight, arbitrary: fc.constant(kind) }))),
  who: fc.nat(1),
  id: fc.nat(2),
  n: fc.nat(40),
})
const history = fc.record({
  workers: fc.integer({ min: 1, max: 2 }),
  sessions: fc.integer({ min: 2, max: 3 }),
  steps: fc.array(step, { minLength: 20, maxLength: 70, size: 'max' }),
  seed: fc.nat(),
})

it(
  'finds every damage to every object of random histories, and names it',
  async () => {
    const tally: Tally = { objects: 0, damages: new Map(), found: new Map(), exceptions: new Map() }
    const done = new Map<string, number>()
    let run = 0
    await fc.assert(
      fc.asyncProperty(history, async ({ workers, sessions, steps, seed }) => {
        const world = new DamageHistory(workers, sessions)
        await world.run(steps)
        expect(await checkDamages(world, seed, tally)).toEqual([])
        run++
        for (const [kind, n] of world.done) done.set(kind, (done.get(kind) ?? 0) + n)
      }),
      // Where it fails, the seed is in the message.
      { numRuns: HISTORIES, seed: SEED, endOnFailure: HISTORIES > 20 },
    )
    if (PRINTS)
      process.stderr.write(`${JSON.stringify({ run, done: [...done], ...shown(tally) })}\n`)
    const sum = (counts: ReadonlyMap<string, number>): number =>
      [...counts.values()].reduce((a, b) => a + b, 0)
    expect(sum(tally.found) + sum(tally.exceptions)).toBe(sum(tally.damages))
    expect([...tally.exceptions.keys()].filter((key) => !EXCEPTIONS.has(key))).toEqual([])
    // Damage that nobody looked at proves nothing.
    for (const kind of ['flip', 'cut', 'delete', 'swap', 'replay'])
      expect(tally.damages.get(kind) ?? 0, kind).toBeGreaterThan(HISTORIES)
    const rare = kinds.filter(([kind]) => (done.get(kind) ?? 0) <= HISTORIES / 10)
    expect(HISTORIES < 50 ? [] : rare).toEqual([])
  },
  300_000 + HISTORIES * 2_000,
)

function shown({ objects, damages, found, exceptions }: Tally): Record<string, unknown> {
  const [d, f, e] = [damages, found, exceptions].map((one) => Object.fromEntries(one))
  return { objects, damages: d, found: f, exceptions: e }
}
