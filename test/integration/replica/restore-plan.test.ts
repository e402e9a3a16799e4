import { beforeEach, describe, expect, it } from 'vitest'
import { copyDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const HOUR = 3_600_000
let store: MemoryStore
let worker: TestWorker
let born: number

beforeEach(async () => {
  store = new MemoryStore()
  worker = new TestWorker(store)
  await worker.clock.advance(HOUR)
  born = worker.clock.wall()
  await worker.pair(ID)
})

describe('what a restore would do', () => {
  it('says how many changes of which time it undoes, stored or not, and from when on moments can be had', async () => {
    worker.write(ID, 'kept')
    const kept = worker.clock.wall()
    const backup = await worker.replica.fold(ID, 'manual')
    await worker.clock.advance(2 * HOUR)
    worker.write(ID, 'stored')
    await worker.replica.fold(ID, 'manual')
    await worker.clock.advance(HOUR)
    // This one is on the disk alone.
    worker.write(ID, 'newest')
    const now = worker.clock.wall()
    const plan = await worker.replica.planRestore(ID, { from: backup.id })
    expect(plan.reached).toMatchObject({ changedAt: kept })
    expect(plan.present).toMatchObject({ changedAt: now })
    expect(plan.undone).toEqual({ changes: 2, ms: now - kept })
    expect(plan.exactSince).toBe(born)
    expect(plan.keeps).toEqual({})
    expect(plan.refused).toBeUndefined()
  })

  it('undoes nothing where nothing came since', async () => {
    const backup = await worker.replica.fold(ID, 'manual')
    const plan = await worker.replica.planRestore(ID, { from: backup.id })
    expect(plan.undone).toEqual({ changes: 0, ms: 0 })
  })
})

describe('a session that cannot be recovered goes back to a backup all the same', () => {
  it('where the newest one is gone', async () => {
    worker.write(ID, 'kept')
    const backup = await worker.replica.fold(ID, 'manual')
    worker.write(ID, 'lost')
    await worker.replica.fold(ID, 'manual')
    await worker.replica.release(ID, { store: true })
    const newest = store.names(`v1/sessions/${ID}/`).findLast((name) => /\d$/.test(name))
    if (newest !== undefined) store.drop(newest)
    const other = new TestWorker(store, { name: 'w2' })
    const plan = await other.replica.planRestore(ID, { from: backup.id })
    expect(plan.keeps.why).toContain('is missing')
    expect(plan.refused).toBeUndefined()
    await other.replica.restore(ID, { from: backup.id })
    expect(other.content(ID)).toEqual(['kept'])
  })

  it('where the store was rolled back, under an epoch that was never given', async () => {
    worker.write(ID, 'kept')
    const backup = await worker.replica.fold(ID, 'manual')
    await worker.replica.release(ID, { store: true })
    const earlier = new Map(store.objects)
    await worker.replica.claim({ sessionId: ID, assigned: true })
    worker.write(ID, 'later')
    await worker.replica.release(ID, { store: true })
    const { epoch = 0 } = (await worker.replica.owner(ID)) ?? {}
    store.objects.clear()
    for (const [name, object] of earlier) store.objects.set(name, object)
    const plan = await worker.replica.planRestore(ID, { from: backup.id })
    expect(plan.keeps.why).toContain('rolled back')
    // Under a boot whose log is not begun yet no epoch is taken.
    const begins = new TestWorker(store, { disk: copyDisk(worker.disk) })
    await begins.auth.renewBoot()
    const before = store.objects.get(`v1/sessions/${ID}/owner`)
    await expect(begins.replica.restore(ID, { from: backup.id })).rejects.toMatchObject({
      code: 'replica.fenced',
    })
    expect(store.objects.get(`v1/sessions/${ID}/owner`)).toEqual(before)
    await worker.replica.restore(ID, { from: backup.id })
    expect(worker.content(ID)).toEqual(['kept'])
    expect((await worker.replica.owner(ID))?.epoch).toBeGreaterThan(epoch)
  })
})

it('what was replaced before a pairing is not what that pairing undoes', async () => {
  worker.write(ID, 'kept')
  const backup = await worker.replica.fold(ID, 'manual')
  worker.write(ID, 'replaced')
  await worker.replica.release(ID, { store: true })
  await worker.replica.restore(ID, { from: backup.id })
  expect((await worker.replica.planRestore(ID, { undo: true })).undone.changes).toBeGreaterThan(0)
  await worker.auth.quarantine(ID, 'logged out')
  await worker.pair(ID)
  await worker.replica.release(ID, { store: true })
  const error = expect.objectContaining({ message: expect.stringContaining('paired anew since') })
  await expect(worker.replica.planRestore(ID, { undo: true })).rejects.toThrow(error)
})
