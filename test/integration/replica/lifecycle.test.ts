import { beforeEach, describe, expect, it } from 'vitest'
import { failure } from '../../support/failure.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { copyDisk } from '../../support/memory-auth-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

function claim(worker: TestWorker, more: { takeOver?: boolean; create?: boolean } = {}) {
  return worker.replica.claim({ sessionId: ID, assigned: true, ...more })
}

describe('a session on one worker', () => {
  it('comes back warm after a release, from the disk that has it', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'a', 'b')
    expect(await first.replica.release(ID, { store: true })).toEqual({ stored: true })
    const reads: string[] = []
    store.onRead = async (name) => void reads.push(name)

    const second = new TestWorker(store, { disk: first.disk })
    expect(await claim(second)).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 2, seq: 4 })
    expect(reads).toEqual([`v1/sessions/${ID}/owner`])
    expect(second.content(ID)).toEqual(['a', 'b'])
    expect(second.auth.find(ID)).toMatchObject({ confirmedEpoch: 2, tags: [{ epoch: 2 }] })
  })

  it('comes back warm after a kill, with what was never stored', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'a')
    const second = new TestWorker(store, { disk: first.disk })
    expect(await claim(second)).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 2 })
    expect(second.content(ID)).toEqual(['a'])
  })

  it('comes back cold where the disk was wiped after a release', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'a', 'b')
    await first.replica.release(ID, { store: true })
    const second = new TestWorker(store)
    const outcome = await claim(second)
    expect(outcome).toEqual({ kind: 'claimed', route: 'cold', epoch: 2, seq: 4, notes: [] })
    expect(second.content(ID)).toEqual(['a', 'b'])
    second.write(ID, 'c')
    expect(await second.replica.fold(ID, 'interval')).toMatchObject({ id: '2-5', seq: 5 })
  })

  it('says what may be lost where the disk was wiped after a kill', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'lost')
    const second = new TestWorker(store)
    const claiming = claim(second)
    await second.clock.advance(10_000)
    expect(await claiming).toMatchObject({
      kind: 'claimed',
      route: 'cold',
      seq: 2,
      forfeited: expect.stringContaining('may have forfeited changes after seq 2'),
    })
    expect(second.content(ID)).toEqual([])
  })

  it('needs no snapshot to come back, warm or cold', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'a')
    expect(await first.replica.release(ID, { store: false })).toEqual({ stored: true })
    expect(store.names(`v1/sessions/${ID}/`)).toHaveLength(2)

    const kept = new TestWorker(store, { disk: copyDisk(first.disk) })
    expect(await claim(kept)).toMatchObject({ kind: 'claimed', route: 'warm', seq: 3 })
    await kept.replica.release(ID, { store: false })
    const wiped = new TestWorker(store)
    expect(await claim(wiped)).toMatchObject({ kind: 'claimed', route: 'cold', epoch: 3, seq: 3 })
    expect(wiped.content(ID)).toEqual(['a'])
  })

  it('claims nothing twice: a second claim by the holder writes nothing', async () => {
    const worker = new TestWorker(store)
    await worker.pair(ID)
    const before = store.objects.get(`v1/sessions/${ID}/owner`)?.etag
    expect(await claim(worker)).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 1 })
    expect(store.objects.get(`v1/sessions/${ID}/owner`)?.etag).toBe(before)
  })

  it('is refused as no-state where nobody knows it, and created where a pairing begins', async () => {
    const worker = new TestWorker(store)
    expect(await claim(worker)).toMatchObject({ kind: 'refused', cause: 'no-state' })
    expect(store.objects.size).toBe(0)
    expect(await claim(worker, { create: true })).toEqual({
      kind: 'claimed',
      route: 'new',
      epoch: 1,
      seq: 0,
      notes: [],
    })
  })
})

describe('a session between workers', () => {
  it('is refused while its owner is alive, and taken when it fell silent', async () => {
    const owner = new TestWorker(store, { name: 'w1' })
    await owner.replica.start()
    await owner.pair(ID)
    const other = new TestWorker(store, { name: 'w2', clock: owner.clock })
    const refused = claim(other)
    await owner.clock.advance(5_000)
    expect(await refused).toMatchObject({ kind: 'refused', cause: 'owned-elsewhere' })

    await owner.replica.stop()
    const taken = claim(other)
    await owner.clock.advance(31_000)
    expect(await taken).toMatchObject({ kind: 'claimed', route: 'cold', epoch: 2 })
    await expect(owner.replica.fold(ID, 'manual')).rejects.toMatchObject({ code: 'replica.fenced' })
    expect(owner.lost).toEqual([ID])
    expect(owner.replica.holds(ID)).toBe(false)
  })

  it('is asked for however often its owner writes the record', async () => {
    const owner = new TestWorker(store, { name: 'w1' })
    await owner.replica.start()
    await owner.pair(ID)
    const other = new TestWorker(store, { name: 'w2', clock: owner.clock })
    let folds = 0
    // One before each look at the record but the first.
    store.onRead = async (name) => {
      if (name !== `v1/sessions/${ID}/owner` || folds++ % 2 === 0) return
      owner.write(ID, `change ${folds}`)
      await owner.replica.fold(ID, 'interval')
    }
    const refused = claim(other)
    await owner.clock.advance(60_000)
    expect(folds).toBeGreaterThan(1)
    expect(await refused).toMatchObject({ kind: 'refused', cause: 'owned-elsewhere' })
    expect(owner.replica.wanted()).toMatchObject([{ sessionId: ID, worker: 'w2' }])
    await owner.replica.stop()
  })

  it('is taken at once when an operator says so', async () => {
    const owner = new TestWorker(store, { name: 'w1' })
    await owner.pair(ID)
    const other = new TestWorker(store, { name: 'w2' })
    const outcome = await other.replica.claim({ sessionId: ID, assigned: false, takeOver: true })
    expect(outcome).toMatchObject({ kind: 'claimed', epoch: 2, forfeited: expect.any(String) })
  })

  it('is refused without an assignment, however silent its owner is', async () => {
    const owner = new TestWorker(store, { name: 'w1' })
    await owner.pair(ID)
    const other = new TestWorker(store, { name: 'w2' })
    const outcome = await other.replica.claim({ sessionId: ID, assigned: false })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'owned-elsewhere' })
    expect(outcome).toHaveProperty('detail', expect.stringContaining("worker 'w1'"))
  })

  it('sets a stale disk aside when the session went on elsewhere', async () => {
    const first = new TestWorker(store, { name: 'w1' })
    await first.pair(ID)
    first.write(ID, 'a')
    await first.replica.release(ID, { store: true })
    const second = new TestWorker(store, { name: 'w2' })
    await claim(second)
    second.write(ID, 'b')
    await second.replica.release(ID, { store: true })

    const back = new TestWorker(store, { name: 'w1', disk: first.disk })
    const outcome = await claim(back)
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold', epoch: 3 })
    expect(outcome).toHaveProperty('notes', [expect.stringContaining('/state/quarantine/')])
    expect(back.content(ID)).toEqual(['a', 'b'])
    expect(first.disk.quarantined).toMatchObject([{ sessionId: ID, seq: 3 }])
  })

  it('needs no download where the disk has exactly what is stored', async () => {
    const first = new TestWorker(store, { name: 'w1' })
    await first.pair(ID)
    await first.replica.release(ID, { store: true })
    const second = new TestWorker(store, { name: 'w2' })
    await claim(second)
    await second.replica.release(ID, { store: true })
    const back = new TestWorker(store, { name: 'w1', disk: first.disk })
    expect(await claim(back)).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 3 })
    expect(first.disk.quarantined).toEqual([])
  })
})

describe('going back, and removing', () => {
  it('makes a backup the newest state, and keeps what it replaced', async () => {
    const worker = new TestWorker(store)
    await worker.pair(ID)
    worker.write(ID, 'a')
    const good = await worker.replica.fold(ID, 'manual')
    worker.write(ID, 'bad')
    await worker.replica.release(ID, { store: false })

    const result = await worker.replica.restore(ID, { from: good.id })
    expect(result).toMatchObject({ epoch: 3, seq: 5, replaced: { id: '2-4' } })
    expect(worker.content(ID)).toEqual(['a'])
    expect(await worker.replica.backups(ID)).toMatchObject([
      { id: '3-5', trigger: 'restored', newest: true },
      { id: '2-4', trigger: 'before-restore' },
      { id: '1-3', trigger: 'manual' },
      { id: '1-2', trigger: 'paired' },
    ])
    expect(await claim(worker)).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 4, seq: 5 })
    const elsewhere = new TestWorker(store, { name: 'w2' })
    await claim(elsewhere, { takeOver: true })
    expect(elsewhere.content(ID)).toEqual(['a'])

    await elsewhere.replica.start()
    const refused = failure(worker.replica.restore(ID, { from: '2-4' }))
    for (let i = 0; i < 40; i++)
      for (const { clock } of [elsewhere, worker]) await clock.advance(1_000)
    expect(await refused).toMatchObject({
      code: 'replica.owned-elsewhere',
      message: expect.stringContaining('alive'),
    })
    await elsewhere.replica.stop()
  })

  it.each([1, 2, 3, 4])(
    'goes back although the record is pruned before write %i of it',
    async (n) => {
      const worker = new TestWorker(store)
      await worker.pair(ID)
      worker.write(ID, 'a')
      const good = await worker.replica.fold(ID, 'manual')
      worker.write(ID, 'bad')
      await worker.replica.release(ID, { store: false })
      const owner = `v1/sessions/${ID}/owner`
      let writes = 0
      store.onWrite = async (write) => {
        const now = store.objects.get(owner)
        if (write.name === owner && ++writes === n && now !== undefined)
          store.store(owner, now.bytes)
        return write.apply()
      }
      expect(await worker.replica.restore(ID, { from: good.id })).toMatchObject({ epoch: 3 })
      expect(writes).toBeGreaterThan(4)
      expect(worker.content(ID)).toEqual(['a'])
    },
  )

  it('is the way back where the log was lost', async () => {
    const lostDisk = new TestWorker(store)
    await lostDisk.pair(ID)
    lostDisk.write(ID, 'gone')
    await lostDisk.replica.release(ID, { store: false })
    for (const name of store.names('v1/workers/')) store.objects.delete(name)
    const worker = new TestWorker(store)
    expect(await claim(worker)).toMatchObject({ kind: 'refused', cause: 'damaged' })
    expect(await worker.replica.restore(ID, { from: '1-2' })).toMatchObject({ epoch: 2, seq: 4 })
    expect(await claim(worker)).toMatchObject({ kind: 'claimed', route: 'warm' })
  })

  it('leaves a tombstone whose epoch goes on', async () => {
    const worker = new TestWorker(store)
    await worker.pair(ID)
    await worker.replica.remove(ID)
    await worker.auth.purge(ID)
    expect(store.names('v1/sessions/')).toEqual([`v1/sessions/${ID}/owner`])
    expect(await worker.replica.discover()).toEqual([])
    expect(await claim(worker)).toMatchObject({ kind: 'refused', cause: 'no-state' })
    await worker.replica.remove(ID)
    await worker.pair(ID)
    expect(await worker.replica.owner(ID)).toMatchObject({ epoch: 2, seq: 4, removed: false })
  })

  it('pairs again after the phone unlinked it, and keeps the old state as a backup', async () => {
    const worker = new TestWorker(store)
    await worker.pair(ID)
    await worker.auth.quarantine(ID, 'logged out')
    await worker.pair(ID)
    const owner = await worker.replica.owner(ID)
    expect(owner).toMatchObject({ epoch: 2, seq: 4, backups: [{ id: '2-4' }, { id: '1-2' }] })
  })

  it('does not pair over a good state that is only stored', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    await first.replica.release(ID, { store: true })
    const wiped = new TestWorker(store)
    expect(await claim(wiped, { create: true })).toMatchObject({ kind: 'claimed', route: 'cold' })
  })
})
