import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../support/memory-store.ts'
import { BUNDLE } from '../../support/bundle-names.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

const bundles = (): string[] => store.names('v1/workers/').filter((name) => BUNDLE.test(name))

async function paired(): Promise<TestWorker> {
  const worker = new TestWorker(store)
  await worker.pair(ID)
  await worker.clock.advance(5_000)
  return worker
}

describe('a fenced worker', () => {
  it('goes on with what is still its own and gives up the rest, saying what it forfeited', async () => {
    const worker = await paired()
    await worker.pair('bar')
    await worker.clock.advance(5_000)
    const other = new TestWorker(store, { name: 'w2' })
    const taken = { sessionId: ID, assigned: false, takeOver: true }
    expect(await other.replica.claim(taken)).toMatchObject({ kind: 'claimed', route: 'cold' })
    const boot = worker.auth.boot
    const reports: unknown[] = []
    worker.replica.onFenced((report) => reports.push(report))
    const reads: string[] = []
    store.onRead = async (name) => void reads.push(name)
    worker.write(ID, 'lost')
    worker.write('bar', 'kept')
    await worker.clock.advance(10_000)

    expect(reports).toEqual([{ boot, next: worker.auth.boot, kept: ['bar'], lost: [ID] }])
    expect(worker.auth.boot).not.toBe(boot)
    expect(worker.lost).toEqual([ID])
    expect(worker.replica.forfeits()).toMatchObject([{ sessionId: ID, changes: 1, by: 'w2' }])
    expect(worker.auth.suspended(ID)).toBeDefined()
    expect(worker.auth.suspended('bar')).toBeUndefined()
    expect(worker.replica.holds('bar')).toBe(true)
    expect(worker.auth.find('bar')).toMatchObject({ storedSeq: 3 })
    expect(reads.filter((name) => /sessions\/bar\/\d/.test(name))).toEqual([])
    expect(await worker.replica.owner(ID)).toMatchObject({ worker: 'w2' })
  })

  it('says of a fold that met the fence what happened and what to do, and folds afterwards', async () => {
    const worker = await paired()
    await worker.pair('bar')
    await worker.clock.advance(5_000)
    const other = new TestWorker(store, { name: 'w2' })
    await other.replica.claim({ sessionId: ID, assigned: false, takeOver: true })
    worker.write('bar', 'kept')
    const folding = Promise.allSettled([worker.replica.fold('bar', 'manual')])
    await worker.clock.advance(10_000)
    const [refused] = await folding
    expect(refused.status === 'rejected' && refused.reason).toMatchObject({
      code: 'replica.fenced',
      subject: 'bar',
      message: expect.stringMatching(/^another worker took sessions .* before 'bar' was stored$/),
      hint: expect.stringContaining('run the same again in a few seconds'),
    })
    expect(await worker.replica.fold('bar', 'manual')).toMatchObject({ sessionId: 'bar', seq: 3 })
  })

  it('notices while it has nothing to write', async () => {
    const worker = await paired()
    await worker.replica.start()
    const other = new TestWorker(store, { name: 'w2' })
    await other.replica.claim({ sessionId: ID, assigned: false, takeOver: true })
    await worker.clock.advance(10_000)
    expect(worker.lost).toEqual([ID])
    await worker.replica.stop()
  })

  it('costs one fence for all the sessions of a lost host', async () => {
    const worker = await paired()
    for (const id of ['a', 'b', 'c', 'd']) await worker.pair(id)
    await worker.clock.advance(5_000)
    const other = new TestWorker(store, { name: 'w2' })
    const ids = [ID, 'a', 'b', 'c', 'd']
    const takeOver = (sessionId: string) =>
      other.replica.claim({ sessionId, assigned: false, takeOver: true })
    const before = bundles().length
    const outcomes = await Promise.all(ids.map(takeOver))
    expect(outcomes.map(({ kind }) => kind)).toEqual(ids.map(() => 'claimed'))
    expect(bundles().length - before).toBe(1)
  })
})
