import { beforeEach, describe, expect, it } from 'vitest'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { encodeSnapshot } from '../../../src/replica/snapshot.ts'
import { imageOf } from '../../unit/replica/fixtures.ts'
import {
  MemoryStore,
  unavailable,
  unknownOutcome,
  type MemoryWrite,
} from '../../support/memory-store.ts'
import { settle } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const OWNER = `v1/sessions/${ID}/owner`
let store: MemoryStore
let worker: TestWorker

beforeEach(async () => {
  store = new MemoryStore()
  worker = new TestWorker(store)
  await worker.pair(ID)
  worker.write(ID, 'a')
})

/** Runs `work` while the clock goes on, so that pauses end. */
async function passing<T>(work: Promise<T>, by: TestWorker = worker): Promise<T> {
  const settled = Promise.allSettled([work])
  await by.clock.advance(60_000)
  await settled
  return work
}

/** Lets the first matching write fail as `fault` says; all others pass. */
function once(
  matches: (write: MemoryWrite) => boolean,
  fault: (write: MemoryWrite) => Error,
): void {
  let done = false
  store.onWrite = async (write) => {
    if (done || !matches(write)) return write.apply()
    done = true
    throw fault(write)
  }
}

const isSwap = ({ name }: MemoryWrite): boolean => name === OWNER
const isSnapshot = ({ name }: MemoryWrite): boolean => /^v1\/sessions\/.*\/\d+\/\d+$/.test(name)

function lostReply(write: MemoryWrite): Error {
  write.apply()
  return unknownOutcome(write.name)
}

/** The record, read by somebody else. */
async function record() {
  const view = await new TestWorker(store, { name: 'reader' }).replica.owner(ID)
  const ids = view?.backups.map(({ id }) => id) ?? []
  return { ...view, newest: ids[0], kept: ids.slice(1) }
}

describe('a fold', () => {
  it.each([
    ['the snapshot', isSnapshot],
    ['the record', isSwap],
  ])('survives the lost reply to the write of %s', async (_, matches) => {
    once(matches, lostReply)
    expect(await passing(worker.replica.fold(ID, 'interval'))).toMatchObject({ id: '1-3' })
    expect(await record()).toMatchObject({ seq: 3, newest: '1-3', epoch: 1 })
    expect(worker.auth.find(ID)?.storedSeq).toBe(3)
  })

  it('deletes nothing when the record could not be written, and can be repeated', async () => {
    once(isSwap, unavailable)
    await expect(passing(worker.replica.fold(ID, 'interval'))).rejects.toMatchObject({
      code: 'store.unavailable',
    })
    expect(store.names('v1/sessions/').filter((name) => name !== OWNER)).toHaveLength(2)
    expect(await record()).toMatchObject({ seq: 2, newest: '1-2' })
    expect(await worker.replica.fold(ID, 'interval')).toMatchObject({ id: '1-3' })
  })

  it('takes the snapshot that an earlier attempt left for its own', async () => {
    once(isSwap, unavailable)
    await expect(worker.replica.fold(ID, 'manual')).rejects.toThrow('away')
    const before = store.objects.get(`v1/sessions/${ID}/0000000001/0000000000000003`)?.etag
    await worker.clock.advance(5_000)
    expect(await worker.replica.fold(ID, 'interval')).toMatchObject({ trigger: 'interval' })
    const after = store.objects.get(`v1/sessions/${ID}/0000000001/0000000000000003`)?.etag
    expect(after).toBe(before)
  })

  it('puts its snapshot in the place of a damaged one that nobody names', async () => {
    const name = `v1/sessions/${ID}/0000000001/0000000000000003`
    store.store(name, Buffer.from('something'))
    expect(await worker.replica.fold(ID, 'manual')).toMatchObject({ id: '1-3' })
    expect(await record()).toMatchObject({ newest: '1-3' })
    expect(await worker.replica.readBackup(ID, '1-3')).toMatchObject({ info: { id: '1-3' } })
  })

  it('refuses a snapshot of another state under its name', async () => {
    const { name, bytes } = await encodeSnapshot(
      imageOf(ID, 3, 1),
      { epoch: 1, createdAt: 1, trigger: 'manual' },
      plainSealer,
    )
    store.store(name, bytes)
    await expect(worker.replica.fold(ID, 'manual')).rejects.toMatchObject({
      code: 'replica.damaged',
    })
    expect(await record()).toMatchObject({ newest: '1-2' })
  })

  it('keeps its session when a late write of its own changed the record', async () => {
    let late: MemoryWrite | undefined
    store.onWrite = async (write) => {
      if (!isSwap(write)) return write.apply()
      late ??= write
      throw unknownOutcome(write.name)
    }
    await expect(passing(worker.replica.fold(ID, 'interval'))).rejects.toMatchObject({
      code: 'store.unknown-outcome',
    })
    store.onWrite = async (write) => {
      if (isSwap(write)) late?.apply()
      late = undefined
      return write.apply()
    }
    worker.write(ID, 'b')
    expect(await passing(worker.replica.fold(ID, 'interval'))).toMatchObject({ id: '1-4' })
    expect(worker.lost).toEqual([])
    expect(worker.replica.holds(ID)).toBe(true)
  })

  it('stores nothing twice where nothing changed, but remembers that a person asked', async () => {
    await worker.replica.fold(ID, 'interval')
    expect(await worker.replica.foldIfNewer(ID, 'interval')).toBeUndefined()
    const objects = store.names().length
    expect(await worker.replica.fold(ID, 'manual')).toMatchObject({ id: '1-3', trigger: 'manual' })
    expect(store.names()).toHaveLength(objects)
  })

  it('deletes what is no backup any more, after the record let go of it', async () => {
    const order: string[] = []
    store.onWrite = async (write) => {
      order.push(write.kind === 'remove' ? `remove ${write.name}` : write.kind)
      return write.apply()
    }
    for (let i = 0; i < 4; i++) {
      worker.write(ID, `more ${i}`)
      await worker.replica.fold(ID, 'interval')
    }
    expect(order.slice(-3)).toEqual([
      'put-if-absent',
      'swap',
      `remove v1/sessions/${ID}/0000000001/0000000000000002`,
    ])
    expect(await record()).toMatchObject({ kept: ['1-6', '1-5', '1-4'] })
  })

  it('tries again later to delete what could not be deleted', async () => {
    once(({ kind }) => kind === 'remove', unavailable)
    for (let i = 0; i < 5; i++) {
      worker.write(ID, `more ${i}`)
      await worker.replica.fold(ID, 'interval')
    }
    expect(store.names('v1/sessions/').filter((name) => name !== OWNER)).toHaveLength(4)
  })

  it('hides no error that is not of the store', async () => {
    const defect = new TypeError('not of the store')
    once(
      ({ kind }) => kind === 'remove',
      () => defect,
    )
    const folds = async () => {
      for (let i = 0; i < 40; i++) {
        worker.write(ID, `${i}`)
        await worker.replica.fold(ID, 'interval')
      }
    }
    await expect(folds()).rejects.toBe(defect)
  })

  it('does not store the leavings of a pairing', async () => {
    const other = new TestWorker(store)
    await other.auth.create('new')
    await other.replica.claim({ sessionId: 'new', assigned: true, create: true })
    await expect(other.replica.fold('new', 'manual')).rejects.toMatchObject({
      code: 'session.needs-pairing',
    })
    expect(await other.replica.foldIfNewer('new', 'interval')).toBeUndefined()
  })
})

describe('a release', () => {
  it('says that nothing reached a store that is away, and keeps the disk warm', async () => {
    store.onWrite = () => Promise.reject(unavailable())
    const result = await passing(worker.replica.release(ID, { store: true }))
    expect(result).toMatchObject({ stored: false, detail: expect.stringContaining('away') })
    expect(worker.replica.holds(ID)).toBe(false)
    store.onWrite = async (write) => write.apply()
    const again = new TestWorker(store, { disk: worker.disk })
    expect(await again.replica.claim({ sessionId: ID, assigned: true })).toMatchObject({
      route: 'warm',
      seq: 3,
    })
  })

  it('needs no snapshot: the log has everything', async () => {
    store.onWrite = async (write) => {
      if (isSnapshot(write)) throw unavailable()
      return write.apply()
    }
    const result = await worker.replica.release(ID, { store: true })
    expect(result).toEqual({ stored: true })
    expect(await record()).toMatchObject({ released: true, seq: 3, newest: '1-2' })
    const other = new TestWorker(store, { name: 'w2' })
    const outcome = await other.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ route: 'cold', seq: 3 })
    expect(other.content(ID)).toEqual(['a'])
  })

  it('is told when another worker has taken the session', async () => {
    const other = new TestWorker(store, { name: 'w2' })
    await other.replica.claim({ sessionId: ID, assigned: true, takeOver: true })
    await expect(worker.replica.release(ID, { store: true })).rejects.toMatchObject({
      code: 'replica.fenced',
    })
    expect(worker.lost).toEqual([ID])
    expect(await record()).toMatchObject({ epoch: 2, worker: 'w2', released: false })
  })

  it('is one-way: nothing is folded after it', async () => {
    await worker.replica.release(ID, { store: true })
    await expect(worker.replica.fold(ID, 'manual')).rejects.toMatchObject({
      code: 'replica.fenced',
    })
  })
})

describe('a claim', () => {
  it('survives the lost reply to its swap, at one epoch', async () => {
    const again = new TestWorker(store, { disk: worker.disk })
    once(isSwap, lostReply)
    const outcome = await passing(again.replica.claim({ sessionId: ID, assigned: true }), again)
    expect(outcome).toMatchObject({ kind: 'claimed', epoch: 2 })
  })

  it('goes on where a swap of it that nobody waited for landed after all', async () => {
    const again = new TestWorker(store, { disk: worker.disk })
    let late: MemoryWrite | undefined
    once(isSwap, (write) => {
      late = write
      return unavailable()
    })
    const claim = () => again.replica.claim({ sessionId: ID, assigned: true })
    await expect(claim()).rejects.toMatchObject({ code: 'store.unavailable' })
    late?.apply()
    expect(await claim()).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 3, seq: 3 })
  })

  it('leaves no copy behind where another came first', async () => {
    await worker.replica.release(ID, { store: true })
    const others = ['w2', 'w3'].map((name) => new TestWorker(store, { name }))
    const outcomes = await Promise.all(
      others.map((w) => w.replica.claim({ sessionId: ID, assigned: false })),
    )
    const claimed = outcomes.map(({ kind }) => kind === 'claimed')
    expect(claimed.filter(Boolean)).toHaveLength(1)
    expect(others.map((w) => w.auth.find(ID) !== undefined)).toEqual(claimed)
  })

  it('has one winner of fifty', async () => {
    await worker.replica.release(ID, { store: true })
    const claimants = Array.from({ length: 50 }, (_, i) => new TestWorker(store, { name: `c${i}` }))
    const outcomes = await Promise.all(
      claimants.map((w) => w.replica.claim({ sessionId: ID, assigned: false })),
    )
    expect(outcomes.filter(({ kind }) => kind === 'claimed')).toHaveLength(1)
    expect(await record()).toMatchObject({ epoch: 2 })
  })

  it('sees a release that came while it waited for silence', async () => {
    const other = new TestWorker(store, { name: 'w2' })
    const claiming = other.replica.claim({ sessionId: ID, assigned: true })
    await other.clock.advance(10_000)
    await worker.replica.release(ID, { store: true })
    await other.clock.advance(25_000)
    const outcome = await claiming
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', seq: 3 })
    expect(outcome).not.toHaveProperty('forfeited')
  })

  it('ends waiting when aborted, and has touched nothing', async () => {
    const before = store.objects.get(OWNER)?.etag
    const other = new TestWorker(store, { name: 'w2' })
    const abort = new AbortController()
    const request = { sessionId: ID, assigned: true, signal: abort.signal }
    const claiming = other.replica.claim(request)
    await settle()
    abort.abort(new Error('timed out'))
    await expect(claiming).rejects.toThrow('timed out')
    expect(store.objects.get(OWNER)?.etag).toBe(before)
    await other.replica.stop()
  })

  it('starts again where its snapshot went away because the record moved on', async () => {
    await worker.replica.release(ID, { store: true })
    const other = new TestWorker(store, { name: 'w2' })
    const old = `v1/sessions/${ID}/0000000001/0000000000000003`
    let moved = false
    store.onRead = async (name) => {
      if (name !== old || moved) return
      moved = true
      await worker.replica.claim({ sessionId: ID, assigned: true })
      for (let i = 0; i < 5; i++) {
        worker.write(ID, `more ${i}`)
        await worker.replica.fold(ID, 'interval')
      }
      await worker.replica.release(ID, { store: true })
    }
    const outcome = await other.replica.claim({ sessionId: ID, assigned: true })
    expect(store.names()).not.toContain(old)
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', epoch: 3, seq: 8 })
  })
})
