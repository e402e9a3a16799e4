import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../src/store/port.ts'
import type {
  Finding,
  PartCheck,
  SessionCheck,
  VerifyOptions,
} from '../../../src/replica/verify/port.ts'
import { openFolderStore } from '../../../src/store/folder.ts'
import { temporaryDirectory } from '../../support/authstate.ts'
import { buildDamageWorld, copyStore } from '../../support/damage-world.ts'
import { MemoryStore, unavailable } from '../../support/memory-store.ts'
import { StoredObjects } from '../../support/stored-objects.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore
let worker: TestWorker

beforeEach(async () => {
  store = new MemoryStore()
  worker = new TestWorker(store)
  await worker.pair(ID)
  worker.write(ID, 'a', 'b')
  await worker.clock.advance(5_000)
})

async function checksOf(
  { replica }: TestWorker,
  options: VerifyOptions = {},
): Promise<(SessionCheck | PartCheck)[]> {
  const checks: (SessionCheck | PartCheck)[] = []
  await replica.verify(options, (check) => checks.push(check))
  return checks
}

async function findingsOf(over: ObjectStore, options: VerifyOptions): Promise<Finding[]> {
  const checks = await checksOf(new TestWorker(over, { name: 'w9' }), options)
  return checks.flatMap(({ findings }) => findings)
}

describe('verify', () => {
  it('says what it read of a sound session', async () => {
    expect(await checksOf(worker, { sessionIds: [ID] })).toEqual([
      {
        kind: 'session',
        sessionId: ID,
        outcome: 'sound',
        epoch: 1,
        seq: 4,
        backups: 1,
        slots: 2,
        read: [{ id: '1-2', sound: true }],
        findings: [],
      },
    ])
  })

  it('begins again where the owner record changed while it read', async () => {
    const [snapshot = ''] = store.names(`v1/sessions/${ID}/0`)
    let reads = 0
    store.onRead = async (name) => {
      if (name !== snapshot || ++reads > 1) return
      // A fold whose retention drops what is about to be read.
      for (let i = 0; i < 5; i++) {
        worker.write(ID, `more-${i}`)
        await worker.replica.fold(ID, 'interval')
      }
      store.objects.delete(snapshot)
    }
    const [check] = await checksOf(new TestWorker(store, { name: 'w9' }), { sessionIds: [ID] })
    expect(check).toMatchObject({ outcome: 'sound', findings: [] })
    expect(reads).toBe(1)
  })

  it('tells what could not be read from what is damaged', async () => {
    store.onRead = async (name) => {
      if (name.endsWith('/owner')) throw unavailable()
    }
    const [check] = await checksOf(worker, { sessionIds: [ID] })
    expect(check).toMatchObject({ outcome: 'unread', detail: 'the store is away', findings: [] })
  })

  it('misses a session of which only the disk knows that it was stored', async () => {
    for (const name of store.names('v1/sessions/')) store.objects.delete(name)
    expect(await findingsOf(store, {})).toEqual([])
    const checks = await checksOf(worker)
    expect(checks.flatMap(({ findings }) => findings)).toMatchObject([
      { severity: 'recovery', sessionId: ID, object: `v1/sessions/${ID}/owner` },
    ])
    expect(await checksOf(worker, { sessionIds: ['other'] })).toMatchObject([
      { sessionId: 'other', outcome: 'nothing' },
    ])
  })

  it('finds an owner record of an epoch after which another left a snapshot', async () => {
    const owner = `v1/sessions/${ID}/owner`
    const old = store.objects.get(owner)?.bytes ?? new Uint8Array()
    const second = new TestWorker(store, { name: 'w2' })
    await second.replica.claim({ sessionId: ID, assigned: true, takeOver: true })
    second.write(ID, 'c')
    await second.clock.advance(5_000)
    const without = copyStore(store)
    await second.replica.fold(ID, 'interval')
    store.store(owner, old)
    expect(await findingsOf(store, { sessionIds: [ID] })).toMatchObject([
      { severity: 'recovery', object: owner, what: expect.stringContaining('epoch 2 had begun') },
    ])
    // Without one only the disk of the later epoch can tell.
    without.store(owner, old)
    expect(await findingsOf(without, { sessionIds: [ID] })).toEqual([])
    const disk = new TestWorker(without, { name: 'w2', disk: second.disk })
    const [check] = await checksOf(disk, { sessionIds: [ID] })
    expect(check?.findings).toMatchObject([{ severity: 'recovery', object: owner }])
  })

  it('finds by its disk that the end is gone, with an owner record from before it was collected', async () => {
    const owner = `v1/sessions/${ID}/owner`
    const old = store.objects.get(owner)?.bytes ?? new Uint8Array()
    await worker.replica.fold(ID, 'interval')
    await worker.clock.advance(73 * 3_600_000)
    expect(await worker.replica.collect()).toBeGreaterThan(0)
    store.store(owner, old)
    expect(await findingsOf(store, { sessionIds: [ID] })).toEqual([])
    const [check] = await checksOf(worker, { sessionIds: [ID] })
    expect(check?.findings).toMatchObject([
      { severity: 'recovery', object: owner, what: expect.stringContaining('confirmed change 4') },
    ])
  })

  it('sees a long hole in a log, and reads what nobody needs only when asked', async () => {
    for (let i = 0; i < 60; i++) {
      worker.write(ID, `${i}`)
      await worker.clock.advance(1_500)
    }
    const slots = store.names('v1/workers/w1/').filter((name) => /\/\d+$/.test(name))
    await worker.replica.fold(ID, 'interval')
    const spare = slots[5] ?? ''
    store.store(spare, Buffer.from('nothing'))
    expect(await findingsOf(store, {})).toEqual([])
    // No recovery needs it, moments before the fold do.
    expect(await findingsOf(store, { readData: true })).toMatchObject([
      { severity: 'backup', object: spare, sessionId: ID },
    ])
    for (const name of slots.slice(10, 50)) store.objects.delete(name)
    const told = await findingsOf(store, {})
    expect(told[0]).toMatchObject({ severity: 'spare', object: slots[10] })
  })

  it('reads the snapshots of its sample alone, and sees of the others that they are there', async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `s${i}`)
    for (const id of ids) await worker.pair(id)
    const read = new Set<string>()
    for (let from = 0; from < 1_000_000; from += 250_000) {
      const readData = { from, size: 250_000 }
      for (const check of await checksOf(worker, { sessionIds: ids, readData })) {
        if (check.kind !== 'session') continue
        expect(check).toMatchObject({ outcome: 'sound', backups: 1 })
        for (const { id } of check.read) read.add(`${check.sessionId} ${id}`)
      }
    }
    expect(read.size).toBe(ids.length)
    const [snapshot = ''] = store.names('v1/sessions/s7/0')
    const bytes = store.objects.get(snapshot)?.bytes ?? new Uint8Array()
    const nobody = { from: 0, size: 0 }
    for (const put of [
      () => store.objects.delete(snapshot),
      () => store.store(snapshot, bytes.subarray(1)),
    ]) {
      put()
      expect(await findingsOf(store, { sessionIds: ids, readData: nobody })).toMatchObject([
        { severity: 'recovery', object: snapshot, sessionId: 's7' },
      ])
    }
  })

  it('walks the logs of one worker, without knowing who needs them', async () => {
    const other = new TestWorker(store, { name: 'w2' })
    await other.pair('other')
    other.write('other', 'x', 'y')
    await other.clock.advance(5_000)
    const hole = store.names('v1/workers/w2/').find((name) => /\/\d+$/.test(name)) ?? ''
    store.store(hole, Buffer.from('nothing'))
    const only = (name: string) => ({ sessionIds: [], workers: [name], readData: true })
    expect(await checksOf(worker, only('w1'))).toMatchObject([{ kind: 'part', outcome: 'sound' }])
    expect(await findingsOf(store, only('w2'))).toMatchObject([
      { severity: 'spare', object: hole, todo: expect.stringContaining('backup verify --all') },
    ])
  })

  it('stops where it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(checksOf(worker, { signal })).rejects.toThrow('enough')
  })
})

it('names every object of a folder store in which one bit was flipped', async () => {
  const world = await buildDamageWorld(false)
  const dir = join(temporaryDirectory(), 'objects')
  const folder = await openFolderStore(dir)
  for (const [name, { bytes }] of world.store.objects) await folder.put(name, bytes)
  const objects = new StoredObjects(dir)
  expect(await findingsOf(folder, { readData: true })).toEqual([])
  for (const name of world.store.names()) {
    const putBack = await objects.keep(name)
    await objects.damage(name, (bytes) => {
      const middle = bytes.length >> 1
      bytes.writeUInt8(bytes.readUInt8(middle) ^ 4, middle)
      return bytes
    })
    const told = await findingsOf(folder, { readData: true })
    expect(told.length, name).toBeGreaterThan(0)
    expect(new Set(told.map(({ object }) => object)), name).toEqual(new Set([name]))
    await putBack()
  }
  await folder.close()
}, 60_000)
