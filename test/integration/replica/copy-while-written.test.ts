import { equal } from 'node:assert/strict'
import { expect, test } from 'vitest'
import { copyStore } from '../../../src/replica/copy/copy.ts'
import type { PartCheck, SessionCheck } from '../../../src/replica/verify/port.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

const IDS = ['anna', 'ben', 'carl']
const SEEDS = Number(process.env['WA_GATEWAY_COPY_SEEDS'] ?? 6)

class NamedStore extends MemoryStore {
  override readonly label: string

  constructor(label: string) {
    super()
    this.label = label
  }
}

/** Two workers that write, fold, go back and hand sessions to each other. */
class Writers {
  readonly store = new NamedStore('first')
  readonly #clock = new VirtualClock()
  readonly #random: () => number
  readonly #workers: [TestWorker, TestWorker]
  readonly #holders = new Map<string, TestWorker>()
  /** What each session held after each change that was made to it, oldest first. */
  readonly history = new Map<string, string[]>()
  #texts = 0

  constructor(random: () => number) {
    this.#random = random
    const common = { clock: this.#clock, pointInTimeHours: 0 }
    this.#workers = [
      new TestWorker(this.store, { ...common, name: 'w1' }),
      new TestWorker(this.store, { ...common, name: 'w2' }),
    ]
  }

  async begin(): Promise<void> {
    for (const worker of this.#workers) await worker.replica.start()
    for (const id of IDS) {
      const [worker] = this.#workers
      await worker.pair(id)
      this.#holders.set(id, worker)
      this.#note(id)
    }
  }

  async ship(): Promise<void> {
    for (const worker of this.#workers) await worker.replica.ship()
  }

  async step(): Promise<void> {
    const id = this.#one(IDS)
    const worker = this.#holders.get(id) ?? this.#workers[0]
    const { replica } = worker
    const dice = this.#random()
    if (dice < 0.5) {
      worker.write(id, `t${++this.#texts}`)
      this.#note(id)
    } else if (dice < 0.7) await replica.ship()
    else if (dice < 0.8) await replica.fold(id, this.#one(['interval', 'manual']))
    else if (dice < 0.87) await replica.collect()
    else if (dice < 0.95) await this.#move(id, worker)
    else await this.#goBack(id, worker)
  }

  async #move(id: string, from: TestWorker): Promise<void> {
    const to = this.#one(this.#workers)
    const released = await from.replica.release(id, { store: this.#random() < 0.5 })
    equal(released.stored, true)
    await this.#claim(id, to)
  }

  async #goBack(id: string, worker: TestWorker): Promise<void> {
    const released = await worker.replica.release(id, { store: true })
    equal(released.stored, true)
    const backups = await worker.replica.backups(id)
    await worker.replica.restore(id, { from: this.#one(backups).id })
    this.#note(id)
    await this.#claim(id, worker)
  }

  async #claim(id: string, worker: TestWorker): Promise<void> {
    const outcome = await worker.replica.claim({ sessionId: id, assigned: true })
    equal(outcome.kind, 'claimed')
    this.#holders.set(id, worker)
  }

  #note(id: string): void {
    const content = this.#holders.get(id)?.content(id).join() ?? ''
    this.history.set(id, [...(this.history.get(id) ?? []), content])
  }

  #one<T>(list: readonly T[]): T {
    const chosen = list[Math.floor(this.#random() * list.length)]
    if (chosen === undefined) throw new Error('nothing to choose from')
    return chosen
  }
}

/** What another host finds at the second site, which stays as it is. */
async function recovered(site: MemoryStore, sessionId: string): Promise<string | undefined> {
  const clone = new MemoryStore()
  for (const [name, { bytes }] of site.objects) clone.store(name, bytes)
  if (!clone.objects.has(`v1/sessions/${sessionId}/owner`)) return undefined
  const rescue = new TestWorker(clone, { name: 'rescue' })
  const outcome = await rescue.replica.claim({ sessionId, assigned: true, takeOver: true })
  expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold' })
  return rescue.content(sessionId).join()
}

async function expectSound(site: MemoryStore): Promise<void> {
  const { replica } = new TestWorker(site, { name: 'verifier' })
  const checks: (SessionCheck | PartCheck)[] = []
  const sessionIds = IDS.filter((id) => site.objects.has(`v1/sessions/${id}/owner`))
  await replica.verify({ sessionIds }, (check) => checks.push(check))
  expect(checks.flatMap(({ findings }) => findings)).toEqual([])
}

/**
 * Copies while the writers go on between its requests; `killAt`: the request at which it is cut
 * short.
 */
async function copyMeanwhile(
  writers: Writers,
  site: MemoryStore,
  random: () => number,
  killAt: number,
): Promise<boolean> {
  const killed = new AbortController()
  let requests = 0
  let busy = false
  writers.store.onRead = async () => {
    if (busy) return
    if (++requests === killAt) killed.abort(new Error('killed'))
    if (random() < 0.6) return
    busy = true
    try {
      await writers.step()
    } finally {
      busy = false
    }
  }
  try {
    const { failed, used } = await copyStore(
      {
        own: { store: writers.store, sealer: plainSealer },
        other: site,
        direction: 'to',
        keks: [],
        prune: random() < 0.5,
        clock: new VirtualClock(),
        signal: killed.signal,
      },
      { onTotal: () => {}, onPut: () => {}, onSession: () => {} },
    )
    expect({ failed, used }).toEqual({ failed: 0, used: 0 })
    return true
  } catch (error) {
    if (killed.signal.aborted) return false
    throw error
  } finally {
    await expect.poll(() => busy).toBe(false)
    writers.store.onRead = async () => undefined
  }
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
  'seed %i: each copy is of a moment of its run, and stays so when the next is cut short',
  async (seed) => {
    const random = seeded(seed)
    const writers = new Writers(random)
    const site = new NamedStore('second')
    await writers.begin()
    const since = new Map(IDS.map((id) => [id, 0]))
    let whole = false
    for (let run = 0; run < 6; run++) {
      for (let n = 0; n < 10; n++) await writers.step()
      await writers.ship()
      const begun = IDS.map((id) => (writers.history.get(id)?.length ?? 0) - 1)
      const killAt = random() < 0.6 ? Math.ceil(random() * 40) : 0
      if (await copyMeanwhile(writers, site, random, killAt)) {
        whole = true
        IDS.forEach((id, index) => since.set(id, begun[index] ?? 0))
      }
      for (const id of IDS) {
        const found = await recovered(site, id)
        const moments = writers.history.get(id)?.slice(since.get(id)) ?? []
        expect(whole ? moments : [...moments, undefined]).toContain(found)
      }
      await expectSound(site)
    }
  },
)
