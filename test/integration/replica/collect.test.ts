import { expect, it } from 'vitest'
import { newDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'

/** A log of a worker, nothing of which is needed by anybody any more. */
async function leftBehind(store: MemoryStore): Promise<TestWorker> {
  const worker = new TestWorker(store, { name: 'gone', pointInTimeHours: 0 })
  await worker.pair(ID)
  for (let i = 0; i < 3; i++) {
    worker.write(ID, `a${i}`)
    await worker.clock.advance(2_000)
  }
  return worker
}

function bundlesOf(store: MemoryStore, worker: string): string[] {
  return store.names(`v1/workers/${worker}/`).filter((name) => /\/\d{12}$/.test(name))
}

function another(store: MemoryStore, { clock }: TestWorker): TestWorker {
  return new TestWorker(store, { name: 'w2', disk: newDisk(), clock, pointInTimeHours: 0 })
}

it('clears the log of a worker that is gone for good, from the second look on', async () => {
  const store = new MemoryStore()
  const gone = await leftBehind(store)
  await gone.replica.release(ID, { store: true })
  await gone.replica.stop()
  const before = bundlesOf(store, 'gone').length
  expect(before).toBeGreaterThan(0)
  const { replica } = another(store, gone)
  expect(await replica.collect()).toBe(0)
  expect(await replica.collect()).toBe(before)
  expect(bundlesOf(store, 'gone')).toEqual([])
})

it('leaves what an owner record still points to', async () => {
  const store = new MemoryStore()
  const gone = await leftBehind(store)
  expect(await gone.replica.collect()).toBe(1)
  const before = bundlesOf(store, 'gone')
  const heir = another(store, gone)
  for (let round = 0; round < 3; round++) expect(await heir.replica.collect()).toBe(0)
  expect(bundlesOf(store, 'gone')).toEqual(before)
  const claim = { sessionId: ID, assigned: false, takeOver: true }
  expect(await heir.replica.claim(claim)).toMatchObject({ kind: 'claimed' })
  expect(heir.content(ID)).toEqual(['a0', 'a1', 'a2'])
})

it('leaves a bundle of which the newest snapshot holds the beginning alone', async () => {
  const store = new MemoryStore()
  const worker = await leftBehind(store)
  worker.write(ID, 'held')
  store.onWrite = async (write) => {
    // It comes between the snapshot and the bundle that holds both changes.
    if (/^v1\/sessions\/shop\/\d+\/\d+$/.test(write.name) && worker.content(ID).at(-1) === 'held')
      worker.write(ID, 'beyond')
    return write.apply()
  }
  const folding = worker.replica.fold(ID, 'interval')
  await worker.clock.advance(5_000)
  await folding
  await worker.clock.advance(60_000)
  expect(worker.auth.find(ID)).toMatchObject({ storedSeq: 7, seq: 7 })
  await worker.replica.collect()
  const heir = another(store, worker)
  const claim = { sessionId: ID, assigned: false, takeOver: true }
  expect(await heir.replica.claim(claim)).toMatchObject({ kind: 'claimed' })
  expect(heir.content(ID)).toEqual(['a0', 'a1', 'a2', 'held', 'beyond'])
})

it('leaves the logs of others that are alive to themselves', async () => {
  const store = new MemoryStore()
  const alive = await leftBehind(store)
  await alive.replica.fold(ID, 'interval')
  await alive.replica.start()
  const before = bundlesOf(store, 'gone')
  const { replica } = another(store, alive)
  for (let round = 0; round < 3; round++) {
    expect(await replica.collect()).toBe(0)
    await alive.clock.advance(2_000)
  }
  expect(bundlesOf(store, 'gone')).toEqual(before)
  await alive.replica.stop()
})
