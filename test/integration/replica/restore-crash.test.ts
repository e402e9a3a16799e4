import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { copyDisk, newDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const OLD = ['a', 'b']
const NEW = ['a']

/** A session that is paused, with a moment behind it. */
class Paused {
  readonly store = new MemoryStore()
  readonly clock = new VirtualClock()
  readonly worker = new TestWorker(this.store, { clock: this.clock })
  at = 0

  static async make(): Promise<Paused> {
    const paused = new Paused()
    const { worker, clock } = paused
    await worker.pair(ID)
    worker.write(ID, 'a')
    await clock.advance(5_000)
    paused.at = clock.wall()
    await clock.advance(5_000)
    worker.write(ID, 'b')
    await paused.done(() => worker.replica.release(ID, { store: true }))
    return paused
  }

  restore({ replica }: TestWorker): Promise<unknown> {
    return this.done(() => replica.restore(ID, { at: this.at }))
  }

  /** Ends the worker's process at its n-th step: nothing of it takes effect any more. */
  async crashAt(n: number, applied: boolean): Promise<'crashed' | 'finished'> {
    let steps = 0
    const step = <T>(apply: () => T): T => {
      steps++
      const outcome = steps < n || (steps === n && applied) ? apply() : undefined
      if (steps < n && outcome !== undefined) return outcome
      throw new Error('the process has ended')
    }
    const { store, worker } = this
    store.onWrite = async (write) => step(() => write.apply())
    worker.auth.durable = async () => void step(() => true)
    const crashed = await this.restore(worker).then(
      () => false,
      (error: unknown) => String(error).includes('the process has ended'),
    )
    const finished = steps < n
    assert.equal(crashed, !finished, `it went on after step ${n}`)
    store.onWrite = async (write) => write.apply()
    return finished ? 'finished' : 'crashed'
  }

  /** What comes after the process: with its disk as the crash left it, or a new one. */
  next(disk: 'kept' | 'wiped'): TestWorker {
    const { store, clock, worker } = this
    const left = disk === 'kept' ? copyDisk(worker.disk) : newDisk()
    return new TestWorker(store, { clock, disk: left })
  }

  async claimed(worker: TestWorker): Promise<string[]> {
    const request = { sessionId: ID, assigned: true, takeOver: true }
    const outcome = await this.done(() => worker.replica.claim(request))
    assert.equal(outcome.kind, 'claimed')
    return worker.content(ID)
  }

  /** What each backup holds. */
  async backups(): Promise<string[][]> {
    const { replica } = this.next('wiped')
    const infos = await replica.backups(ID)
    const read = await Promise.all(infos.map(({ id }) => replica.readBackup(ID, id)))
    return read.map(({ image }) =>
      image.entries.filter((e) => e.type === 'session').map((e) => e.id),
    )
  }

  /** Time passes until it has ended. */
  async done<T>(begin: () => Promise<T>): Promise<T> {
    const work = begin()
    const ended: true[] = []
    const end = (): void => void ended.push(true)
    work.then(end, end)
    for (let i = 0; i < 100 && ended.length === 0; i++) await this.clock.advance(1_000)
    return work
  }
}

/** Every step of a restore, one after the other, until it finishes before the crash. */
async function atEachStep(
  applied: boolean,
  check: (paused: Paused, n: number) => Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    const paused = await Paused.make()
    if ((await paused.crashAt(n, applied)) === 'finished') return n - 1
    await check(paused, n)
  }
}

describe.each([
  ['before', false],
  ['after', true],
])('a restore that ends right %s any of its steps', (_, applied) => {
  it.each(['kept', 'wiped'] as const)(
    'leaves the old or the new state, its disk %s',
    async (disk) => {
      const found: string[] = []
      const steps = await atEachStep(applied, async (paused, n) => {
        const backups = await paused.backups()
        expect(backups, `step ${n}`).toContainEqual(OLD)
        const content = await paused.claimed(paused.next(disk))
        expect([OLD, NEW], `step ${n}`).toContainEqual(content)
        expect(backups, `step ${n}`).toContainEqual(content)
        found.push(content.join())
      })
      expect(steps).toBeGreaterThan(5)
      // Once it is the new one it stays that.
      expect(found).toEqual(found.toSorted((a, b) => b.length - a.length))
      expect(new Set(found)).toEqual(new Set([OLD.join(), NEW.join()]))
    },
  )

  it('finishes when it is run again, and nothing is lost', async () => {
    await atEachStep(applied, async (paused, n) => {
      const worker = paused.next('kept')
      await paused.restore(worker)
      expect(await paused.backups(), `step ${n}`).toContainEqual(OLD)
      expect(await paused.claimed(worker), `step ${n}`).toEqual(NEW)
      worker.write(ID, 'c')
      await paused.done(() => worker.replica.release(ID, { store: false }))
      expect(await paused.claimed(paused.next('wiped'))).toEqual([...NEW, 'c'])
    })
  })
})
