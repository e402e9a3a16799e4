import { describe, expect, it } from 'vitest'
import { ownerName, snapshotName } from '../../../src/replica/names.ts'
import { parseOwner, type OwnerRecord } from '../../../src/replica/owner.ts'
import type { PruneOptions, SessionPruned } from '../../../src/replica/port.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import { newDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore, unavailable, unknownOutcome } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const HOUR = 3_600_000
const ONLY_NEWEST = { keepLast: 1, keepHourly: 0, keepDaily: 0, keepWithin: 0 }
/** Folds keep everything, so that a test decides what goes. */
const EVERYTHING = { ...ONLY_NEWEST, keepWithin: 10_000 * HOUR }
const KEEPING = { pointInTimeHours: 0, retention: EVERYTHING }

function recordOf(store: MemoryStore): OwnerRecord {
  return parseOwner(ID, store.objects.get(ownerName(ID))?.bytes ?? new Uint8Array(), plainSealer)
}

function snapshotsOf(store: MemoryStore): string[] {
  return store.names(`v1/sessions/${ID}/`).filter((name) => name !== ownerName(ID))
}

/** Names of what the record names, ascending. */
function namedOf(store: MemoryStore): string[] {
  const { snapshot, kept } = recordOf(store)
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  return refs.map(({ epoch, seq }) => snapshotName(ID, epoch, seq)).toSorted()
}

/** A held session with four backups, an hour apart. */
async function withBackups(store: MemoryStore, options = {}): Promise<TestWorker> {
  const worker = new TestWorker(store, { ...KEEPING, ...options })
  await worker.pair(ID)
  for (const text of ['a', 'b', 'c']) {
    await worker.clock.advance(HOUR)
    worker.write(ID, text)
    await worker.replica.fold(ID, 'interval')
  }
  return worker
}

function another(store: MemoryStore, { clock }: TestWorker): TestWorker {
  return new TestWorker(store, { name: 'w2', disk: newDisk(), clock, ...KEEPING })
}

async function prune(worker: TestWorker, options: PruneOptions = {}): Promise<SessionPruned> {
  const told: SessionPruned[] = []
  const given = { policy: ONLY_NEWEST, sessionIds: [ID], ...options }
  await worker.replica.prune(given, (one) => told.push(one))
  const [only] = told
  if (only === undefined || told.length > 1) throw new Error(`${told.length} were told of`)
  return only
}

async function expectWhole(store: MemoryStore, worker: TestWorker, texts = ['a', 'b', 'c']) {
  const fresh = another(store, worker)
  const claim = { sessionId: ID, assigned: true, takeOver: true }
  expect(await fresh.replica.claim(claim)).toMatchObject({ kind: 'claimed' })
  expect(fresh.content(ID)).toEqual(texts)
}

describe('pruning', () => {
  it('deletes what no rule keeps, the record first, and leaves a session that goes on', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const [before] = [snapshotsOf(store)]
    expect(before).toHaveLength(4)
    const early: string[] = []
    store.onRemoved = (name) => {
      if (namedOf(store).includes(name)) early.push(name)
    }
    const pruned = await prune(worker)
    expect(early).toEqual([])
    expect(pruned).toMatchObject({ outcome: 'pruned', leftovers: 0 })
    expect(pruned.kept).toMatchObject([{ newest: true, reasons: ['newest', 'last'] }])
    expect(pruned.dropped).toHaveLength(3)
    expect(pruned.bytes).toBe(pruned.dropped.reduce((sum, { size }) => sum + size, 0))
    expect(snapshotsOf(store)).toEqual(namedOf(store))
    expect(snapshotsOf(store)).toHaveLength(1)
    worker.write(ID, 'd')
    await worker.replica.fold(ID, 'interval')
    await expectWhole(store, worker, ['a', 'b', 'c', 'd'])
  })

  it('only tells with --dry-run', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const before = store.names()
    expect((await prune(worker, { dryRun: true })).dropped).toHaveLength(3)
    expect(store.names()).toEqual(before)
    expect(namedOf(store)).toHaveLength(4)
  })

  it('prunes a released session that anybody may, and not one that another worker owns', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const other = another(store, worker)
    expect(await prune(other)).toMatchObject({
      outcome: 'skipped',
      detail: expect.stringContaining("worker 'w1' owns it"),
    })
    expect(snapshotsOf(store)).toHaveLength(4)
    await worker.replica.release(ID, { store: true })
    const { at, worker: owner, epoch } = recordOf(store)
    expect(await prune(other)).toMatchObject({ outcome: 'pruned' })
    expect(recordOf(store)).toMatchObject({ at, worker: owner, epoch, released: true })
    expect(snapshotsOf(store)).toHaveLength(1)
    await expectWhole(store, worker)
  })

  it('keeps an older backup where the newest is damaged, and all where none can be read', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const [first = '', second = '', third = '', newest = ''] = snapshotsOf(store)
    store.store(newest, Buffer.from('rot'))
    const pruned = await prune(worker)
    expect(pruned.kept.map(({ reasons }) => reasons)).toEqual([
      ['newest', 'last'],
      ['newest that is sound'],
    ])
    expect(snapshotsOf(store)).toEqual([third, newest])
    const rotten = new MemoryStore()
    const unlucky = await withBackups(rotten)
    for (const name of [first, second, third, newest]) rotten.store(name, Buffer.from('rot'))
    expect(await prune(unlucky)).toMatchObject({ outcome: 'skipped', dropped: [] })
    expect(namedOf(rotten)).toHaveLength(4)
    expect(snapshotsOf(rotten)).toHaveLength(4)
  })

  it('keeps named ones until their name is dropped', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    worker.write(ID, 'd')
    await worker.replica.fold(ID, 'manual', undefined, 'before-move')
    await worker.clock.advance(HOUR)
    worker.write(ID, 'e')
    await worker.replica.fold(ID, 'interval')
    expect((await prune(worker)).kept.map(({ name }) => name)).toEqual([undefined, 'before-move'])
    const { dropped } = await prune(worker, { dropNamed: ['before-move'] })
    expect(dropped).toMatchObject([{ reasons: ['named before-move'] }])
    expect(snapshotsOf(store)).toHaveLength(1)
    await worker.replica.fold(ID, 'manual', undefined, 'last')
    await prune(worker, { dropNamed: ['last'] })
    expect(recordOf(store).snapshot).not.toHaveProperty('name')
    await expectWhole(store, worker, ['a', 'b', 'c', 'd', 'e'])
  })

  it('drops the name of a backup that stays, and of that one alone', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    await worker.replica.fold(ID, 'manual', undefined, 'kept')
    worker.write(ID, 'd')
    await worker.replica.fold(ID, 'manual', undefined, 'dropped')
    const before = namedOf(store)
    await prune(worker, { policy: EVERYTHING, dropNamed: ['dropped'] })
    expect(namedOf(store)).toEqual(before)
    expect(recordOf(store).snapshot).not.toHaveProperty('name')
    expect(recordOf(store).kept[0]).toMatchObject({ name: 'kept' })
  })

  it('goes on with the other sessions where one fails', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    await worker.pair('another')
    store.onRead = async (name) => {
      if (name === ownerName('another')) throw unavailable()
    }
    const told: SessionPruned[] = []
    await worker.replica.prune({ policy: ONLY_NEWEST }, (one) => told.push(one))
    expect(told.toSorted((a, b) => a.sessionId.localeCompare(b.sessionId))).toMatchObject([
      { sessionId: 'another', outcome: 'failed', detail: 'the store is away' },
      { sessionId: ID, outcome: 'pruned' },
    ])
  })
})

describe('snapshots that no record names', () => {
  it('are those that a crash left between the record and the deletion', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    store.onWrite = async (write) => {
      if (write.kind === 'remove') throw unavailable()
      return write.apply()
    }
    expect(await prune(worker)).toMatchObject({ outcome: 'failed' })
    expect(namedOf(store)).toHaveLength(1)
    expect(snapshotsOf(store)).toHaveLength(4)
    store.onWrite = async (write) => write.apply()
    expect(await prune(worker)).toMatchObject({ outcome: 'pruned', leftovers: 3, dropped: [] })
    expect(snapshotsOf(store)).toEqual(namedOf(store))
  })

  it('go whoever owns the session, but for those that may be named a moment later', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const { epoch, seq } = recordOf(store)
    const behind = [snapshotName(ID, epoch, 1), snapshotName(ID, epoch - 1, seq + 5)]
    const ahead = [snapshotName(ID, epoch, seq + 1), snapshotName(ID, epoch + 1, 1)]
    for (const name of [...behind, ...ahead]) store.store(name, Buffer.from('late'))
    const before = namedOf(store)
    const swept = await prune(another(store, worker))
    expect(swept).toMatchObject({ outcome: 'skipped', leftovers: behind.length })
    expect(snapshotsOf(store)).toEqual([...before, ...ahead].toSorted())
  })

  it('are left alone where a fold is between its snapshot and its record', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const stored = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    store.onWrite = async (write) => {
      if (write.kind === 'swap') {
        stored.resolve()
        await goOn.promise
      }
      return write.apply()
    }
    worker.write(ID, 'd')
    const folding = worker.replica.fold(ID, 'interval')
    await stored.promise
    expect(await prune(another(store, worker))).toMatchObject({ leftovers: 0 })
    goOn.resolve()
    await folding
    expect(snapshotsOf(store)).toEqual(namedOf(store))
    await expectWhole(store, worker, ['a', 'b', 'c', 'd'])
  })
})

it('a release whose reply was lost stays one, though it was pruned before it was repeated', async () => {
  const store = new MemoryStore()
  const worker = await withBackups(store)
  const other = another(store, worker)
  let lost = false
  store.onWrite = async (write) => {
    const outcome = write.apply()
    if (write.kind !== 'swap' || lost) return outcome
    lost = true
    store.onWrite = async (next) => next.apply()
    await prune(other)
    throw unknownOutcome(write.name)
  }
  const releasing = worker.replica.release(ID, { store: true })
  await worker.clock.advance(1_000)
  expect(await releasing).toEqual({ stored: true })
  expect(lost).toBe(true)
  expect(worker.lost).toEqual([])
  await expectWhole(store, worker)
})

describe('removing a session', () => {
  it('takes every snapshot, named or not, and goes on where it stopped', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    const { epoch, seq } = recordOf(store)
    store.store(snapshotName(ID, epoch, seq + 1), Buffer.from('late'))
    let removals = 0
    store.onWrite = async (write) => {
      if (write.kind === 'remove' && ++removals === 3) throw unavailable()
      return write.apply()
    }
    await expect(worker.replica.remove(ID)).rejects.toThrow('the store is away')
    expect(recordOf(store)).toMatchObject({ removed: true, epoch, seq })
    expect(snapshotsOf(store)).toHaveLength(3)
    expect(await worker.replica.remove(ID)).toMatchObject({ snapshots: 3 })
    expect(snapshotsOf(store)).toEqual([])
  })

  it('spares a session that was created anew meanwhile', async () => {
    const store = new MemoryStore()
    const worker = await withBackups(store)
    await worker.replica.remove(ID)
    await worker.auth.purge(ID)
    await worker.pair(ID)
    const before = namedOf(store)
    const claimed = recordOf(store)
    // As if the listing of the removal were older than the new pairing.
    store.store(snapshotName(ID, claimed.epoch - 1, 1), Buffer.from('late'))
    expect(await prune(worker)).toMatchObject({ leftovers: 1 })
    expect(snapshotsOf(store)).toEqual(before)
  })
})
