import { beforeEach, describe, expect, it } from 'vitest'
import type { AckMode } from '../../../src/authstate/port.ts'
import { newDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore, unavailable, unknownOutcome } from '../../support/memory-store.ts'
import { settle } from '../../support/virtual-clock.ts'
import { BUNDLE } from '../../support/bundle-names.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

const bundles = (): string[] => store.names('v1/workers/').filter((name) => BUNDLE.test(name))

async function paired(ack: AckMode = 'local', name = 'w1'): Promise<TestWorker> {
  const worker = new TestWorker(store, { name, ack })
  await worker.pair(ID)
  await worker.clock.advance(5_000)
  return worker
}

describe('shipping', () => {
  it('stores the changes of all sessions in one bundle a window, and nothing while idle', async () => {
    const worker = await paired()
    await worker.pair('bar')
    await worker.clock.advance(5_000)
    const before = bundles().length
    for (let i = 0; i < 10; i++) {
      worker.write(ID, `a${i}`)
      worker.write('bar', `b${i}`)
      await worker.clock.advance(100)
    }
    await worker.clock.advance(60_000)
    expect(bundles().length - before).toBeLessThanOrEqual(2)
    expect(worker.auth.find(ID)).toMatchObject({ storedSeq: 12, seq: 12, backlogBytes: 0 })
    expect(worker.replica.lag()).toEqual({ changes: 0, bytes: 0, oldestMs: 0 })
  })

  it('goes by another window, and keeps by other rules, from now on', async () => {
    const worker = await paired()
    const busy = async (): Promise<number> => {
      const before = bundles().length
      for (let i = 0; i < 50; i++) {
        worker.write(ID, `a${i}`)
        await worker.clock.advance(100)
      }
      return bundles().length - before
    }
    expect(await busy()).toBeLessThan(10)
    const retention = { keepLast: 1, keepHourly: 0, keepDaily: 0, keepWithin: 0 }
    worker.replica.change({ shipWindowMs: 50, pointInTimeHours: 0, retention })
    expect(await busy()).toBeGreaterThan(30)
    expect(worker.replica.retention).toEqual(retention)
    const [first] = await worker.replica.backups(ID)
    for (const change of ['b', 'c']) {
      worker.write(ID, change)
      await worker.clock.advance(5_000)
      await worker.replica.fold(ID, 'interval')
    }
    const backups = await worker.replica.backups(ID)
    expect(backups.map(({ id }) => id)).not.toContain(first?.id)
  })

  it('keeps what a store that is away does not take, says so, and goes on when it is back', async () => {
    const worker = await paired()
    store.onWrite = () => Promise.reject(unavailable())
    worker.write(ID, 'a', 'b')
    await worker.clock.advance(20_000)
    const lag = worker.replica.lag()
    expect(lag).toMatchObject({ changes: 2, error: expect.stringContaining('away') })
    expect(lag.bytes).toBeGreaterThan(0)
    expect(lag.oldestMs).toBeGreaterThan(10_000)
    store.onWrite = async (write) => write.apply()
    await worker.clock.advance(20_000)
    expect(worker.replica.lag()).toEqual({ changes: 0, bytes: 0, oldestMs: 0 })
  })

  it('says soon that a store went away amid a write, and still repeats the same bytes', async () => {
    const worker = await paired()
    const sent = new Set<string>()
    store.onWrite = async (write) => {
      if (!BUNDLE.test(write.name)) return write.apply()
      sent.add(`${write.name} ${Buffer.from(write.bytes).toString('base64')}`)
      throw unknownOutcome(write.name)
    }
    worker.write(ID, 'a')
    await worker.clock.advance(5_000)
    expect(worker.replica.lag()).toMatchObject({ changes: 1, error: expect.any(String) })
    await worker.clock.advance(60_000)
    expect(sent.size).toBe(1)
    store.onWrite = async (write) => write.apply()
    await worker.clock.advance(20_000)
    expect(worker.replica.lag()).toEqual({ changes: 0, bytes: 0, oldestMs: 0 })
  })

  it('writes the same bytes again until it knows, and takes its own echo for success', async () => {
    const worker = await paired()
    const sent: string[] = []
    store.onWrite = async (write) => {
      if (!BUNDLE.test(write.name)) return write.apply()
      sent.push(`${write.name} ${Buffer.from(write.bytes).toString('base64')}`)
      const outcome = write.apply()
      if (sent.length < 3) throw unknownOutcome(write.name)
      return outcome
    }
    worker.write(ID, 'a')
    await worker.clock.advance(1_100)
    worker.write(ID, 'b')
    await worker.clock.advance(20_000)
    expect(new Set(sent.slice(0, 3)).size).toBe(1)
    expect(worker.auth.find(ID)).toMatchObject({ storedSeq: 4 })
    expect(worker.lost).toEqual([])
  })

  it('acknowledges remotely only what the store has', async () => {
    const worker = await paired('remote')
    let release: () => void = () => undefined
    store.onWrite = async (write) => {
      await new Promise<void>((resolve) => (release = resolve))
      return write.apply()
    }
    worker.write(ID, 'a')
    await worker.clock.advance(1_000)
    expect(worker.auth.ackSeq(ID)).toBe(2)
    release()
    await settle()
    expect(worker.auth.ackSeq(ID)).toBe(3)
  })

  it('splits a backlog into bundles of bounded size', async () => {
    const worker = await paired()
    store.onWrite = () => Promise.reject(unavailable())
    for (let i = 0; i < 6; i++) worker.write(ID, `${i}`.repeat(1024 * 1024))
    store.onWrite = async (write) => write.apply()
    const before = bundles().length
    const shipping = worker.replica.ship()
    while (worker.replica.lag().changes > 0) await worker.clock.advance(100)
    await shipping
    expect(bundles().length - before).toBeGreaterThan(1)
  })

  it('ends waiting when aborted', async () => {
    const worker = await paired()
    store.onWrite = () => Promise.reject(unavailable())
    worker.write(ID, 'a')
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(worker.replica.ship({ signal })).rejects.toThrow('enough')
  })
})

describe('a request', () => {
  it('reaches the owner that is alive, and is gone once it released', async () => {
    const owner = await paired()
    await owner.replica.start()
    const heard: unknown[] = []
    owner.replica.onWanted((wanted) => heard.push(wanted))
    const other = new TestWorker(store, { name: 'w2', clock: owner.clock })
    const asking = other.replica.claim({ sessionId: ID, assigned: true })
    await owner.clock.advance(10_000)
    expect(await asking).toMatchObject({ kind: 'refused', cause: 'owned-elsewhere' })
    expect(heard).toMatchObject([{ sessionId: ID, worker: 'w2', boot: other.auth.boot }])
    expect(owner.replica.wanted()).toEqual(heard)
    await owner.replica.release(ID, { store: false })
    await owner.clock.advance(5_000)
    expect(owner.replica.wanted()).toEqual([])
    expect(await other.replica.claim({ sessionId: ID, assigned: true })).toMatchObject({
      kind: 'claimed',
    })
    await owner.replica.stop()
  })
})

describe('a store that is away', () => {
  it('lends the disk to a worker that is alone, until it is back', async () => {
    const worker = await paired()
    const again = new TestWorker(store, { disk: worker.disk })
    store.onRead = () => Promise.reject(unavailable())
    const request = { sessionId: ID, assigned: true }
    await expect(again.replica.claim(request)).rejects.toThrow('away')
    expect(await again.replica.claim({ ...request, provisional: true })).toMatchObject({
      kind: 'claimed',
      provisional: true,
      route: 'warm',
    })
    expect(again.replica.holds(ID)).toBe(false)
    again.write(ID, 'meanwhile')
    store.onRead = async () => undefined
    expect(await again.replica.claim(request)).toMatchObject({ route: 'warm', seq: 3 })
    await again.clock.advance(5_000)
    expect(again.auth.find(ID)).toMatchObject({ storedSeq: 3 })
  })

  it('lends nothing where acknowledging needs the store', async () => {
    const worker = await paired('remote')
    const again = new TestWorker(store, { disk: worker.disk, ack: 'remote' })
    store.onRead = () => Promise.reject(unavailable())
    const request = { sessionId: ID, assigned: true, provisional: true }
    await expect(again.replica.claim(request)).rejects.toThrow('away')
  })
})

describe('tidying and collecting', () => {
  const interval = { intervalMs: 60_000 }

  it('folds an old tail, lets go of log, and does nothing before that', async () => {
    const worker = await paired()
    expect(await worker.replica.tidy(ID, interval)).toBe('not-due')
    worker.write(ID, 'a')
    await worker.clock.advance(30_000)
    expect(await worker.replica.tidy(ID, interval)).toBe('not-due')
    await worker.clock.advance(40_000)
    expect(await worker.replica.tidy(ID, interval)).toBe('folded')
    await worker.pair('bar')
    worker.write('bar', 'b')
    await worker.clock.advance(70_000)
    expect(await worker.replica.tidy(ID, interval)).toBe('advanced')
    expect(await worker.replica.tidy(ID, interval)).toBe('not-due')
  })

  it('removes bundles that nobody needs, and the log is still read', async () => {
    const worker = new TestWorker(store, { pointInTimeHours: 0 })
    await worker.pair(ID)
    for (let i = 0; i < 5; i++) {
      worker.write(ID, `a${i}`)
      await worker.clock.advance(2_000)
    }
    // The pairing's own is in the first snapshot.
    expect(await worker.replica.collect()).toBe(1)
    const before = bundles().length
    expect(await worker.replica.collect()).toBe(0)
    await worker.replica.fold(ID, 'interval')
    expect(await worker.replica.collect()).toBe(before)
    worker.write(ID, 'more')
    await worker.clock.advance(2_000)
    const other = new TestWorker(store, { name: 'w2', disk: newDisk() })
    const taken = { sessionId: ID, assigned: false, takeOver: true }
    expect(await other.replica.claim(taken)).toMatchObject({ kind: 'claimed', seq: 8 })
    expect(other.content(ID)).toContain('more')
  })

  it('does not judge a bundle by an owner record from before it', async () => {
    const worker = new TestWorker(store, { pointInTimeHours: 0 })
    await worker.pair(ID)
    worker.write(ID, 'a')
    await worker.replica.release(ID, { store: true })
    const inner = store.get.bind(store)
    store.get = async (name, options) => {
      const object = await inner(name, options)
      if (name !== `v1/sessions/${ID}/owner`) return object
      // The record says that nothing is needed; this comes right after it.
      store.get = inner
      await worker.replica.claim({ sessionId: ID, assigned: true })
      worker.write(ID, 'b')
      await worker.replica.ship()
      return object
    }
    expect(await worker.replica.collect()).toBe(2)
    expect(bundles()).toHaveLength(1)
    const other = new TestWorker(store, { name: 'w2' })
    const taken = { sessionId: ID, assigned: false, takeOver: true }
    expect(await other.replica.claim(taken)).toMatchObject({ kind: 'claimed', seq: 4 })
    expect(other.content(ID)).toEqual(['a', 'b'])
  })
})
