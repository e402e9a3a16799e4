import assert from 'node:assert/strict'
import type { RestoreTarget } from '../../src/replica/port.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { copyDisk } from './memory-auth-store.ts'
import { MemoryStore } from './memory-store.ts'
import { VirtualClock } from './virtual-clock.ts'
import { TestWorker } from './workers.ts'

const IDS = ['anna', 'ben', 'carl'] as const
const HOURS = 2
const WINDOW = HOURS * 3_600_000

/** Everybody's wall clock, which somebody sets from time to time. */
class SteppingClock extends VirtualClock {
  step = 0

  override wall(): number {
    return super.wall() + this.step
  }
}

/** The whole state after one change. */
interface Moment {
  /** When the change was made; several may have the same time. */
  at: number
  hash: string
  state: string
}

export interface Step {
  kind:
    | 'write'
    | 'wait'
    | 'fold'
    | 'tidy'
    | 'give'
    | 'take'
    | 'crash'
    | 'wipe'
    | 'back'
    | 'undo'
    | 'pair'
    | 'collect'
    | 'clock'
  id: number
  n: number
}

/** Two workers with one store, and every state that every session of theirs ever had. */
export class MomentsWorld {
  readonly store = new MemoryStore()
  readonly clock = new SteppingClock()
  readonly done = new Map<string, number>()
  checked = 0
  readonly #workers: TestWorker[]
  /** By session: which worker has it. */
  readonly #holders = new Map<string, number>()
  readonly #moments = new Map<string, Moment[]>()
  #writes = 0

  constructor() {
    this.#workers = ['w1', 'w2'].map((name) => this.#start(name))
  }

  async begin(): Promise<void> {
    for (const id of IDS) await this.#pair(id, 0)
  }

  async run({ kind, id: index, n }: Step): Promise<void> {
    const id = IDS[index] ?? 'anna'
    await this.#run(kind, id, n)
    const holder = this.#worker(this.#holders.get(id) ?? 0)
    // One that a fence came between goes on in a moment.
    if (!holder.replica.holds(id)) await this.clock.advance(3_000)
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1)
    await this.clock.advance(1)
  }

  async #run(kind: Step['kind'], id: string, n: number): Promise<void> {
    const who = this.#holders.get(id) ?? 0
    const worker = this.#worker(who)
    const { replica } = worker
    if (kind === 'write') return this.#write(worker, id, n)
    if (kind === 'wait') return this.clock.advance(n * 60_000)
    if (kind === 'clock') this.clock.step += (n - 20) * 60_000
    if (kind === 'fold') await this.#settled(() => replica.fold(id, 'interval'))
    if (kind === 'tidy') await this.#settled(() => replica.tidy(id, { intervalMs: 60_000 }))
    if (kind === 'give') {
      await this.#release(worker, id, n % 2 === 0)
      await this.#claim(id, n % 3 === 0 ? who : 1 - who)
    }
    if (kind === 'take') await this.#claim(id, 1 - who)
    if (kind === 'crash') await this.#restart(who, copyDisk(worker.disk))
    if (kind === 'wipe') await this.#restart(who)
    if (kind === 'back') await this.#goBack(id, n)
    if (kind === 'undo') await this.#undo(id)
    if (kind === 'pair') await this.#pairAnew(id)
    if (kind === 'collect') for (const each of this.#workers) await each.replica.collect()
  }

  /** Each moment inside the window comes back as it was, read by somebody who has no disk. */
  async check(): Promise<void> {
    await this.clock.advance(3_000)
    const { replica } = this.#start('reader')
    for (const [id, moments] of this.#moments) {
      const start = this.clock.wall() - WINDOW
      const first = moments[0]?.at ?? Infinity
      let at = 0
      for (const [index, moment] of moments.entries()) {
        at = Math.max(at, moment.at)
        const next = Math.max(at, moments[index + 1]?.at ?? Infinity)
        // The last of those with the same time is what it was at that time.
        if (next === at || at < Math.max(first, start)) continue
        for (const time of new Set([at, Math.min(next - 1, at + 30_000)])) {
          const plan = await replica.planRestore(id, { at: time })
          const told = { hash: plan.image.hash, state: stateOf(plan.image.entries) }
          assert.deepEqual(told, { hash: moment.hash, state: moment.state }, `${id} at ${time}`)
          this.checked++
        }
      }
    }
  }

  #write(worker: TestWorker, id: string, n: number): void {
    worker.auth.change(id, 'session', `k${n % 5}`, `text ${++this.#writes}`)
    this.#note(worker, id)
  }

  #note({ disk }: TestWorker, id: string): void {
    const row = disk.rows.get(id)
    assert.ok(row !== undefined && row.paired)
    const { changedAt: at, hash, entries } = row
    const moments = this.#moments.get(id) ?? []
    this.#moments.set(id, [...moments, { at, hash, state: stateOf(entries.values()) }])
  }

  async #claim(id: string, who: number): Promise<void> {
    const worker = this.#worker(who)
    const request = { sessionId: id, assigned: true, takeOver: true }
    const outcome = await this.#settled(() => worker.replica.claim(request))
    assert.ok(outcome.kind === 'claimed', outcome.kind === 'refused' ? outcome.detail : '')
    this.#holders.set(id, who)
    // What was not stored when it was taken is of another history, which nobody goes on from.
    const moments = this.#moments.get(id) ?? []
    const last = moments.findLastIndex(({ hash }) => hash === worker.auth.find(id)?.hash)
    assert.ok(last >= 0)
    this.#moments.set(id, moments.slice(0, last + 1))
  }

  async #restart(who: number, disk?: TestWorker['disk']): Promise<void> {
    const { name, replica } = this.#worker(who)
    await replica.stop()
    this.#workers[who] = this.#start(name, disk)
    for (const id of IDS) if (this.#holders.get(id) === who) await this.#claim(id, who)
  }

  async #goBack(id: string, n: number): Promise<void> {
    const { replica } = this.#worker(this.#holders.get(id) ?? 0)
    await this.#release(this.#worker(this.#holders.get(id) ?? 0), id, true)
    const backups = await replica.backups(id)
    const moments = this.#moments.get(id) ?? []
    const moment = moments[Math.max(0, moments.length - 1 - (n % 5))]
    const backup = backups[n % backups.length]
    const toMoment = n % 2 === 0 && moment !== undefined && moment.at > this.clock.wall() - WINDOW
    if (toMoment) await this.#restore(id, { at: moment.at })
    else if (backup !== undefined) await this.#restore(id, { from: backup.id })
  }

  async #undo(id: string): Promise<void> {
    const moments = this.#moments.get(id) ?? []
    const before = moments.at(-1)?.state
    await this.#goBack(id, 1)
    await this.#restore(id, { undo: true })
    assert.equal(this.#moments.get(id)?.at(-1)?.state, before)
  }

  async #restore(id: string, target: RestoreTarget): Promise<void> {
    const who = this.#holders.get(id) ?? 0
    const worker = this.#worker(who)
    if (worker.replica.holds(id)) await this.#release(worker, id, true)
    await this.#settled(() => worker.replica.restore(id, target))
    this.#note(worker, id)
    await this.#claim(id, who)
  }

  async #pairAnew(id: string): Promise<void> {
    const who = this.#holders.get(id) ?? 0
    const worker = this.#worker(who)
    await this.#release(worker, id, false)
    await worker.auth.quarantine(id, 'unlinked')
    await this.#pair(id, who)
  }

  async #pair(id: string, who: number): Promise<void> {
    const worker = this.#worker(who)
    const again = { sessionId: id, assigned: true }
    await this.#settled<unknown>(() =>
      // Where a fence came between, what was paired is there and goes on.
      worker.auth.find(id)?.paired === true ? worker.replica.claim(again) : worker.pair(id),
    )
    this.#holders.set(id, who)
    this.#note(worker, id)
  }

  /** Where another worker ended its log for another session's sake, it goes on under a new boot. */
  async #release(worker: TestWorker, id: string, store: boolean): Promise<void> {
    for (let i = 0; i < 3; i++) {
      if (!worker.replica.holds(id)) await this.#claim(id, this.#holders.get(id) ?? 0)
      const { stored } = await this.#settled(() =>
        worker.replica.release(id, { store }).catch((error: unknown) => {
          if (isFenced(error)) return { stored: false }
          throw error
        }),
      )
      if (stored) return
      await this.clock.advance(3_000)
    }
    assert.fail(`${id} was not released`)
  }

  /** Time passes until it has ended; what a fence came between is done again. */
  async #settled<T>(begin: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const work = begin()
      const ended: true[] = []
      const end = (): void => void ended.push(true)
      work.then(end, end)
      for (let i = 0; i < 100 && ended.length === 0; i++) await this.clock.advance(1_000)
      try {
        return await work
      } catch (error) {
        if (!isFenced(error) || tries === 3) throw error
        await this.clock.advance(3_000)
      }
    }
  }

  #worker(who: number): TestWorker {
    const worker = this.#workers[who]
    assert.ok(worker !== undefined)
    return worker
  }

  #start(name: string, disk?: TestWorker['disk']): TestWorker {
    const { clock } = this
    const retention = { keepLast: 1, keepHourly: 0, keepDaily: 0, keepWithin: 0 }
    const options = { name, clock, retention, pointInTimeHours: HOURS, ...(disk && { disk }) }
    return new TestWorker(this.store, options)
  }
}

function stateOf(entries: Iterable<{ type: string; id: string; value: Uint8Array }>): string {
  return Array.from(
    entries,
    ({ type, id, value }) => `${type}/${id}=${Buffer.from(value).toString()}`,
  )
    .toSorted()
    .join('\n')
}

function isFenced(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'replica.fenced'
}
