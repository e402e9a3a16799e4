import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Finding, PartCheck, SessionCheck } from '../../../src/replica/verify/port.ts'
import { copyDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore, unavailable, unknownOutcome } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const IDS = ['atelier', 'bar', 'cafe'] as const
const HOURS_73 = 73 * 3_600_000
/** `npm run chaos` sets its rounds: as many times ten. */
const RUNS = Math.max(400, 10 * Number(process.env['WA_GATEWAY_CHAOS_ROUNDS'] ?? 0))

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), id: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ship' as const), id: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fold' as const), id: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), id: fc.nat(2) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('claim' as const), id: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('take' as const), id: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restore' as const), id: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), id: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wipe' as const), id: fc.constant(0) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('collect' as const), id: fc.constant(0) }),
  },
)
type Step = { kind: string; id: number }

/** Two workers with one store; what goes wrong on the way is refused or fails, as it may. */
class History {
  readonly store = new MemoryStore()
  workers: [TestWorker, TestWorker]
  /** What was done with success, and how often. */
  readonly done = new Map<string, number>()
  count = 0
  #succeeded = true

  constructor() {
    this.workers = [this.#start('w1'), this.#start('w2')]
  }

  async run(who: 0 | 1, one: Step): Promise<void> {
    this.#succeeded = false
    await this.#run(who, one)
    if (this.#succeeded) this.done.set(one.kind, (this.done.get(one.kind) ?? 0) + 1)
  }

  async #run(who: 0 | 1, { kind, id: index }: Step): Promise<void> {
    const worker = this.workers[who]
    const id = IDS[index] ?? 'atelier'
    const { replica, auth } = worker
    const holds = replica.holds(id)
    if (kind === 'write' && holds) worker.write(id, `${id}-${++this.count}`)
    else if (kind === 'ship') await worker.clock.advance(3_000)
    else if (kind === 'fold' && holds) await this.#attempt(worker, replica.fold(id, 'manual'))
    else if (kind === 'release' && holds)
      await this.#attempt(worker, replica.release(id, { store: this.count % 2 === 0 }))
    else if (kind === 'claim' && !holds) await this.#open(worker, id, false)
    else if (kind === 'take' && !holds) await this.#open(worker, id, true)
    else if (kind === 'restore' && !holds) await this.#restore(worker, id)
    else if (kind === 'remove' && !holds) {
      await this.#attempt(worker, replica.remove(id))
      if ((await replica.owner(id))?.removed === true && auth.find(id) !== undefined)
        await auth.purge(id)
    } else if (kind === 'crash') this.workers[who] = this.#start(worker.name, copyDisk(worker.disk))
    else if (kind === 'wipe') this.workers[who] = this.#start(worker.name)
    else if (kind === 'collect') {
      await worker.clock.advance(HOURS_73)
      await this.#attempt(worker, replica.collect())
    }
  }

  async verdict(): Promise<Finding[]> {
    const findings: Finding[] = []
    for (const worker of [...this.workers, this.#start('w9')]) {
      const note = (check: SessionCheck | PartCheck): void => {
        if (check.outcome === 'unread') throw new Error(check.detail)
        findings.push(...check.findings)
      }
      await worker.replica.verify({ readData: true }, note)
    }
    return findings
  }

  #start(name: string, disk?: TestWorker['disk']): TestWorker {
    return new TestWorker(this.store, { name, ...(disk && { disk }) })
  }

  async #open(worker: TestWorker, id: string, takeOver: boolean): Promise<void> {
    const owner = await worker.replica.owner(id)
    if (owner === undefined || owner.removed) {
      if (worker.auth.find(id) !== undefined) await worker.auth.purge(id)
      await this.#attempt(worker, worker.pair(id))
    } else
      await this.#attempt(worker, worker.replica.claim({ sessionId: id, assigned: true, takeOver }))
  }

  async #restore(worker: TestWorker, id: string): Promise<void> {
    const backup = (await worker.replica.backups(id)).at(-1)
    if (backup !== undefined)
      await this.#attempt(worker, worker.replica.restore(id, { from: backup.id }))
  }

  /** Time passes until it has settled, however it ends. */
  async #attempt({ clock }: TestWorker, work: Promise<unknown>): Promise<void> {
    const outcome = work.then(
      () => 'done' as const,
      () => 'failed' as const,
    )
    const none = Promise.resolve('under way' as const)
    while ((await Promise.race([outcome, none])) === 'under way') await clock.advance(1_000)
    this.#succeeded = (await outcome) === 'done'
  }
}

it('finds nothing in whatever histories leave behind', async () => {
  const history = fc.array(fc.tuple(fc.constantFrom(0, 1), step), { minLength: 5, maxLength: 40 })
  const done = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(history, fc.array(fc.nat(60), { maxLength: 6 }), async (steps, faults) => {
      const world = new History()
      const failing = new Set(faults)
      let writes = 0
      world.store.onWrite = async (write) => {
        const n = ++writes
        if (failing.has(n) && n % 2 === 0) throw unavailable()
        const outcome = write.apply()
        if (failing.has(n)) throw unknownOutcome(write.name)
        return outcome
      }
      for (const id of [0, 1, 2]) await world.run(0, { kind: 'claim', id })
      for (const [who, one] of steps) await world.run(who === 0 ? 0 : 1, one)
      expect(await world.verdict()).toEqual([])
      for (const [kind, n] of world.done) done.set(kind, (done.get(kind) ?? 0) + n)
      for (const { clock } of world.workers) await clock.advance(5_000)
      expect(await world.verdict()).toEqual([])
    }),
    { numRuns: RUNS, seed: 20_261 },
  )
  // A history in which nothing happens proves nothing.
  for (const kind of ['fold', 'release', 'claim', 'take', 'restore', 'remove', 'collect'])
    expect(done.get(kind) ?? 0, kind).toBeGreaterThan(RUNS / 25)
}, 300_000)
