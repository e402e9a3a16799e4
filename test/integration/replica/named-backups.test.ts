import { beforeEach, expect, it } from 'vitest'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let worker: TestWorker

beforeEach(async () => {
  worker = new TestWorker(new MemoryStore())
  await worker.pair(ID)
})

const fold = (name?: string) => worker.replica.fold(ID, 'manual', undefined, name)
const names = async () => (await worker.replica.backups(ID)).map(({ name }) => name)

it('is listed under its name, and keeps it when it is no longer the newest', async () => {
  expect(await fold('before-upgrade')).toMatchObject({ name: 'before-upgrade' })
  worker.write(ID, 'later')
  await fold()
  expect(await names()).toEqual([undefined, 'before-upgrade'])
})

it('names the state that is stored already', async () => {
  const { id } = await fold()
  expect(await fold('same')).toMatchObject({ id, name: 'same' })
  await fold()
  expect((await names())[0]).toBe('same')
})

it('refuses a name that an older or the newest other backup has', async () => {
  await fold('once')
  expect(await fold('once')).toMatchObject({ name: 'once' })
  worker.write(ID, 'later')
  const taken = expect.objectContaining({ code: 'usage', message: expect.stringContaining('once') })
  await expect(fold('once')).rejects.toThrow(taken)
  await fold()
  await expect(fold('once')).rejects.toThrow(taken)
  expect((await names()).filter((name) => name === 'once')).toHaveLength(1)
})

it('refuses a second name for the same state', async () => {
  await fold('first')
  await expect(fold('second')).rejects.toThrow(expect.objectContaining({ code: 'usage' }))
  expect((await names())[0]).toBe('first')
})

it('goes back to a backup by its name', async () => {
  worker.write(ID, 'kept')
  await fold('good')
  worker.write(ID, 'lost')
  await worker.replica.release(ID, { store: true })
  await worker.replica.restore(ID, { from: 'good' })
  expect(worker.content(ID)).toEqual(['kept'])
  // What came of it is another backup, without the name.
  const backups = await worker.replica.backups(ID)
  expect(backups.filter(({ name }) => name === 'good')).toHaveLength(1)
  expect(backups[0]?.name).toBeUndefined()
  await expect(worker.replica.restore(ID, { from: 'bad' })).rejects.toThrow("no backup 'bad'")
})
