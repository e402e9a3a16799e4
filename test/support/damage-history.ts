import { copyDisk, type MemoryDisk } from './memory-auth-store.ts'
import { MemoryStore, unavailable } from './memory-store.ts'
import { VirtualClock } from './virtual-clock.ts'
import { TestWorker } from './workers.ts'

const IDS = ['anna', 'ben', 'carl'] as const
const WINDOW = 72_000
const ONLY_NEWEST = { keepLast: 1, keepHourly: 0, keepDaily: 0, keepWithin: 0 }

export const WEIGHTS = {
  write: 14,
  ship: 6,
  fold: 4,
  name: 2,
  tidy: 1,
  release: 3,
  claim: 4,
  take: 2,
  restore: 2,
  torn: 2,
  remove: 1,
  crash: 1,
  wipe: 1,
  prune: 2,
  collect: 1,
}

export interface HistoryStep {
  kind: keyof typeof WEIGHTS
  who: number
  id: number
  n: number
}

/** One or two workers with one store; what goes wrong on the way is refused or fails, as it may. */
export class DamageHistory {
  readonly store = new MemoryStore()
  /** Earlier bytes of objects that were replaced, oldest first, without repeats. */
  readonly earlier = new Map<string, Uint8Array[]>()
  readonly done = new Map<string, number>()
  readonly ids: readonly string[]
  readonly #size: number
  #workers: TestWorker[] = []
  #elapsed = 0
  #count = 0
  #succeeded = false

  constructor(workers: number, sessions: number) {
    this.#size = workers
    this.ids = IDS.slice(0, sessions)
    this.store.onStored = (name, before) => {
      if (before === undefined) return
      // Of counters the last but one stands for all.
      const others = name.endsWith('/alive') ? [] : (this.earlier.get(name) ?? [])
      this.earlier.set(name, [...others, Uint8Array.from(before)])
    }
  }

  /** By name; copies. */
  get disks(): Map<string, MemoryDisk> {
    return new Map(this.#workers.map(({ name, disk }) => [name, copyDisk(disk)]))
  }

  /** Nothing of it goes on afterwards, since its clocks stand still. */
  async run(steps: readonly HistoryStep[]): Promise<void> {
    for (let i = 1; i <= this.#size; i++) this.#workers.push(await this.#start(`w${i}`))
    for (const id of this.ids.keys()) await this.#step({ kind: 'claim', who: 0, id, n: 0 })
    for (const step of steps) await this.#step(step)
    await this.#pass(5_000)
  }

  async #step({ kind, who, id: index, n }: HistoryStep): Promise<void> {
    const id = this.ids[index % this.ids.length] ?? 'anna'
    const at = who % this.#size
    const worker = this.#workers[at]
    if (worker === undefined) throw new Error(`there is no worker ${at}`)
    this.#succeeded = false
    if (kind === 'crash') await this.#restart(at, worker.name, copyDisk(worker.disk))
    else if (kind === 'wipe') await this.#restart(at, worker.name)
    else if (worker.replica.holds(id)) await this.#holding(worker, kind, id, n)
    else await this.#without(worker, kind, id, n)
    if (kind === 'ship') {
      await this.#pass(2_500)
      this.#succeeded = true
    }
    if (kind === 'collect') await this.#collect(worker)
    if (kind === 'prune') await this.#prune(worker, n)
    if (this.#succeeded) this.done.set(kind, (this.done.get(kind) ?? 0) + 1)
    await this.#pass(n % 3 === 0 ? 1_500 : 1)
  }

  async #holding(worker: TestWorker, kind: string, id: string, n: number): Promise<void> {
    const { replica } = worker
    if (kind === 'write') {
      worker.write(id, `${id}-${++this.#count}`)
      this.#succeeded = true
    } else if (kind === 'fold') await this.#attempt(replica.fold(id, 'manual'))
    else if (kind === 'name')
      await this.#attempt(replica.fold(id, 'manual', undefined, `name-${++this.#count}`))
    else if (kind === 'torn') await this.#torn(worker, id, n)
    else if (kind === 'tidy') await this.#attempt(replica.tidy(id, { intervalMs: 10_000 }))
    else if (kind === 'release' || (kind === 'restore' && n % 2 === 0)) {
      await this.#attempt(replica.release(id, { store: n % 2 === 0 }))
      if (kind === 'restore') await this.#restore(worker, id, n)
    }
  }

  async #without(worker: TestWorker, kind: string, id: string, n: number): Promise<void> {
    const { replica, auth } = worker
    if (kind === 'claim') await this.#open(worker, id, false)
    else if (kind === 'take') await this.#open(worker, id, true)
    else if (kind === 'restore') await this.#restore(worker, id, n)
    else if (kind === 'remove') {
      await this.#attempt(replica.remove(id))
      const isRemoved = (await replica.owner(id))?.removed === true
      if (isRemoved && auth.find(id) !== undefined) await auth.purge(id)
    }
  }

  async #open(worker: TestWorker, id: string, takeOver: boolean): Promise<void> {
    const { replica, auth } = worker
    const owner = await replica.owner(id)
    if (owner !== undefined && !owner.removed)
      return this.#attempt(replica.claim({ sessionId: id, assigned: true, takeOver }))
    if (auth.find(id) !== undefined) await auth.purge(id)
    await this.#attempt(worker.pair(id))
  }

  async #restore({ replica, clock }: TestWorker, id: string, n: number): Promise<void> {
    const backups = await replica.backups(id)
    const backup = backups[n % Math.max(1, backups.length)]
    if (n % 5 === 0) await this.#attempt(replica.restore(id, { undo: true }))
    else if (n % 3 === 0) await this.#attempt(replica.restore(id, { at: clock.wall() - n * 1_000 }))
    else if (backup !== undefined) await this.#attempt(replica.restore(id, { from: backup.id }))
  }

  /** The store goes away before the record names what was stored; `n`: in the middle of what. */
  async #torn({ replica, auth }: TestWorker, id: string, n: number): Promise<void> {
    if (n % 3 === 0) await this.#attempt(replica.release(id, { store: true }))
    const before = this.store.names('v1/sessions/').length
    const [backup] = await replica.backups(id)
    let left = n % 3 === 0 ? 2 : 0
    this.store.onWrite = async (write) => {
      if (write.name.endsWith('/owner') && left-- <= 0) throw unavailable()
      return write.apply()
    }
    if (n % 3 !== 0) {
      auth.change(id, 'session', 'torn', `${++this.#count}`)
      await this.#attempt(replica.fold(id, 'manual'))
    } else if (backup !== undefined) await this.#attempt(replica.restore(id, { from: backup.id }))
    this.store.onWrite = async (write) => write.apply()
    this.#succeeded = this.store.names('v1/sessions/').length > before
  }

  async #collect({ replica }: TestWorker): Promise<void> {
    await this.#pass(WINDOW + 1_000)
    await this.#attempt(replica.collect())
  }

  async #prune({ replica }: TestWorker, n: number): Promise<void> {
    const names = (await Promise.all(this.ids.map((id) => replica.backups(id)))).flat()
    const dropNamed = names.flatMap(({ name }) => (name === undefined ? [] : [name]))
    const options = { policy: ONLY_NEWEST, ...(n % 2 === 0 && { dropNamed }) }
    await this.#attempt(replica.prune(options, () => undefined))
  }

  /** The old process stands still with its clock, as one that was killed. */
  async #restart(at: number, name: string, disk?: MemoryDisk): Promise<void> {
    this.#workers[at] = await this.#start(name, disk)
    this.#succeeded = true
  }

  async #start(name: string, disk?: MemoryDisk): Promise<TestWorker> {
    const clock = new VirtualClock()
    await clock.advance(this.#elapsed)
    const retention = { ...ONLY_NEWEST, keepLast: 3 }
    const options = { name, clock, retention, pointInTimeHours: WINDOW / 3_600_000 }
    const worker = new TestWorker(this.store, { ...options, ...(disk && { disk }) })
    await worker.replica.start()
    return worker
  }

  /** Time passes until it has settled, however it ends. */
  async #attempt(work: Promise<unknown>): Promise<void> {
    const outcome = work.then(
      () => 'done' as const,
      () => 'failed' as const,
    )
    const none = Promise.resolve('under way' as const)
    while ((await Promise.race([outcome, none])) === 'under way') await this.#pass(1_000)
    this.#succeeded = (await outcome) === 'done'
  }

  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 2_000)
      for (const { clock } of this.#workers) await clock.advance(Math.min(left, 2_000))
    this.#elapsed += ms
  }
}
