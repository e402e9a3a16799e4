import { beforeEach, describe, expect, it } from 'vitest'
import { copyStore, type CopyRequest, type SessionCopy } from '../../../src/replica/copy/copy.ts'
import { encryptingSealer } from '../../../src/replica/crypto/sealer.ts'
import { plainSealer, type Sealer } from '../../../src/replica/sealer.ts'
import type { SessionCheck, PartCheck } from '../../../src/replica/verify/port.ts'
import { kekOf, openKeyring } from '../../support/keyring.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let first: MemoryStore
let second: MemoryStore

class NamedStore extends MemoryStore {
  override readonly label: string

  constructor(label: string) {
    super()
    this.label = label
  }
}

beforeEach(() => {
  first = new NamedStore('first')
  second = new NamedStore('second')
})

async function copy(more: Partial<CopyRequest> = {}, sealer: Sealer = plainSealer) {
  const sessions: SessionCopy[] = []
  const summary = await copyStore(
    {
      own: { store: first, sealer },
      other: second,
      direction: 'to',
      keks: [],
      clock: new VirtualClock(),
      ...more,
    },
    { onTotal: () => {}, onPut: () => {}, onSession: (one) => sessions.push(one) },
  )
  return { summary, sessions, outcome: sessions[0]?.outcome }
}

async function verified(store: MemoryStore, sealer: Sealer = plainSealer) {
  const { replica } = new TestWorker(store, { name: 'verifier', sealer })
  const checks: (SessionCheck | PartCheck)[] = []
  await replica.verify({}, (check) => checks.push(check))
  return checks.flatMap(({ findings }) => findings)
}

/** Another host takes the session up from the store. */
async function recovered(store: MemoryStore, sealer: Sealer = plainSealer, name = 'rescue') {
  const worker = new TestWorker(store, { name, sealer })
  const outcome = await worker.replica.claim({ sessionId: ID, assigned: true, takeOver: true })
  return { worker, outcome, content: worker.content(ID) }
}

/** A worker with a snapshot and some log behind it. */
async function running(sealer: Sealer = plainSealer) {
  const worker = new TestWorker(first, { sealer })
  await worker.replica.start()
  await worker.pair(ID)
  worker.write(ID, 'a', 'b')
  await worker.replica.fold(ID, 'manual')
  worker.write(ID, 'c')
  await worker.replica.ship()
  return worker
}

describe('a copy to a second site', () => {
  it('is recovered with everything that was stored when it began, and is sound', async () => {
    const worker = await running()
    expect((await copy()).outcome).toBe('copied')
    worker.write(ID, 'd')
    await worker.replica.ship()
    expect(await verified(second)).toEqual([])
    const { outcome, content, worker: rescue } = await recovered(second)
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold' })
    expect(content).toEqual(['a', 'b', 'c'])
    rescue.write(ID, 'e')
    await rescue.replica.release(ID, { store: false })
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c', 'e'])
    expect(await verified(second)).toEqual([])
  })

  it('goes back to a moment before its newest backup, with the log that tells it', async () => {
    const clock = new VirtualClock()
    const retention = { keepLast: 1, keepHourly: 0, keepDaily: 0, keepWithin: 0 }
    const worker = new TestWorker(first, { clock, retention })
    await worker.replica.start()
    await worker.pair(ID)
    worker.write(ID, 'a')
    await clock.advance(5_000)
    const at = clock.wall()
    await clock.advance(5_000)
    worker.write(ID, 'b')
    await worker.replica.release(ID, { store: true })
    // The log that tells the moment is of a worker that nothing else leads to.
    const heir = new TestWorker(first, { name: 'w2', clock, retention })
    await heir.replica.claim({ sessionId: ID, assigned: true })
    heir.write(ID, 'c')
    await heir.replica.fold(ID, 'interval')
    await copy()
    const { worker: rescue } = await recovered(second)
    expect(rescue.content(ID)).toEqual(['a', 'b', 'c'])
    await rescue.replica.release(ID, { store: true })
    expect((await rescue.replica.planRestore(ID, { at })).replayed).toBeGreaterThan(0)
    await rescue.replica.restore(ID, { at })
    expect((await recovered(second, plainSealer, 'another')).content).toEqual(['a'])
  })

  it('puts only what is new when it is run again', async () => {
    const worker = await running()
    await copy()
    expect((await copy()).summary).toMatchObject({ same: 1, objects: 0 })
    worker.write(ID, 'd')
    await worker.replica.ship()
    // The bundle and the record.
    expect((await copy()).summary).toMatchObject({ copied: 1, objects: 2 })
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c', 'd'])
  })

  it('stays of one moment when the log behind it is copied for others', async () => {
    const worker = await running()
    await copy()
    await worker.pair('other')
    worker.write('other', 'x')
    worker.write(ID, 'd')
    await worker.replica.ship()
    await copy({ sessionIds: ['other'] })
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c'])
    expect(await verified(second)).toEqual([])
  })

  it('refuses to replace what a worker wrote there since', async () => {
    const worker = await running()
    await copy()
    const { worker: rescue } = await recovered(second)
    worker.write(ID, 'd')
    await worker.replica.ship()
    expect((await copy()).summary).toMatchObject({ used: 1, copied: 0, objects: 0 })
    // Also where the epoch of the source has come further than that of the destination.
    for (let n = 0; n < 3; n++) {
      await worker.replica.release(ID, { store: true })
      await worker.replica.claim({ sessionId: ID, assigned: true })
    }
    expect((await copy()).summary).toMatchObject({ used: 1, copied: 0 })
    expect(rescue.content(ID)).toEqual(['a', 'b', 'c'])
  })

  it('carries tombstones, and deletes with prune what they leave', async () => {
    const worker = await running()
    await copy()
    await worker.replica.release(ID, { store: true })
    await worker.replica.remove(ID)
    expect((await copy()).outcome).toBe('copied')
    expect(second.names(`v1/sessions/${ID}/`)).toHaveLength(3)
    const { summary } = await copy({ prune: true })
    expect(summary.pruned).toBe(2)
    expect(second.names(`v1/sessions/${ID}/`)).toEqual([`v1/sessions/${ID}/owner`])
    expect((await recovered(second)).outcome).toMatchObject({ kind: 'refused', cause: 'no-state' })
  })

  it('of a store that has lost a session says so, and deletes nothing that it may need', async () => {
    const clock = new VirtualClock()
    const worker = new TestWorker(first, { clock, pointInTimeHours: 0 })
    await worker.replica.start()
    for (const id of [ID, 'other']) {
      await worker.pair(id)
      worker.write(id, 'a')
    }
    await worker.replica.ship()
    await copy()
    for (const name of first.names(`v1/sessions/${ID}/`)) first.objects.delete(name)
    await worker.replica.fold('other', 'interval')
    await worker.replica.collect()
    const { summary, sessions } = await copy({ prune: true })
    expect(summary).toMatchObject({ sessions: 2, newer: 1 })
    expect(sessions).toContainEqual({
      sessionId: ID,
      outcome: 'newer',
      detail: 'only the copy has it',
    })
    expect((await recovered(second)).content).toEqual(['a'])
  })

  it('waits for its turn before each session', async () => {
    const worker = await running()
    for (const id of ['b', 'c', 'd']) await worker.pair(id)
    let open = 1
    let seen = 0
    const turn = async () => {
      seen++
      await expect.poll(() => open--).toBeGreaterThan(0)
      open = 2
    }
    expect((await copy({ turn, concurrency: 1 })).summary.sessions).toBe(4)
    expect(seen).toBe(4)
  })

  it('leaves log that was collected out, with its range, and is sound', async () => {
    const clock = new VirtualClock()
    const worker = new TestWorker(first, { clock, pointInTimeHours: 0 })
    await worker.replica.start()
    await worker.pair(ID)
    await worker.pair('other')
    for (const text of ['a', 'b', 'c']) {
      worker.write(ID, text)
      await worker.replica.ship()
    }
    await copy()
    await worker.replica.fold(ID, 'interval')
    await worker.replica.fold('other', 'interval')
    worker.write(ID, 'd')
    await worker.replica.ship()
    await worker.replica.collect()
    worker.write(ID, 'e')
    await worker.replica.ship()
    await copy()
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await verified(second)).toEqual([])
    const before = second.names('v1/workers/').length
    const { summary } = await copy({ prune: true })
    expect(summary.pruned).toBe(before - second.names('v1/workers/').length)
    expect(await verified(second)).toEqual([])
  })

  it('of damage fails for its session alone and leaves the earlier copy', async () => {
    const worker = await running()
    await worker.pair('other')
    await copy()
    worker.write(ID, 'd')
    await worker.replica.fold(ID, 'manual')
    const newest = first.names(`v1/sessions/${ID}/00`).at(-1) ?? ''
    const bytes = Uint8Array.from(first.objects.get(newest)?.bytes ?? [])
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    first.store(newest, bytes)
    const { summary, sessions } = await copy()
    expect(summary).toMatchObject({ sessions: 2, failed: 1 })
    expect(sessions.find(({ outcome }) => outcome === 'failed')).toMatchObject({
      sessionId: ID,
      code: 'replica.damaged',
    })
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c'])
  })
})

describe('a worker whose disk knows more than the copy', () => {
  it('goes on from its disk, and stores the whole before more of its log', async () => {
    const worker = await running()
    await copy()
    worker.write(ID, 'd')
    await worker.replica.ship()
    const moved = new TestWorker(second, { disk: worker.disk })
    const outcome = await moved.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'warm' })
    moved.write(ID, 'e')
    await moved.replica.ship()
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(await verified(second)).toEqual([])
  })

  it('wins over a copy of an epoch before, and says so', async () => {
    const worker = await running()
    await copy()
    await worker.replica.release(ID, { store: true })
    await worker.replica.claim({ sessionId: ID, assigned: true })
    worker.write(ID, 'd')
    await worker.replica.ship()
    const moved = new TestWorker(second, { disk: worker.disk })
    const unasked = await moved.replica.claim({ sessionId: ID, assigned: false })
    expect(unasked).toMatchObject({ kind: 'refused', cause: 'stale' })
    const outcome = await moved.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'warm' })
    expect((outcome as { notes: string[] }).notes.join()).toMatch(/goes on from this disk/)
    await moved.replica.release(ID, { store: false })
    expect((await recovered(second)).content).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('an encrypted copy', () => {
  it('is read with the keyring that came along, of a store whose keys change meanwhile', async () => {
    const keyring = await openKeyring(first)
    const sealer = encryptingSealer(keyring)
    const worker = await running(sealer)
    const keks = [kekOf(1)]
    await copy({ keks }, sealer)
    await keyring.add()
    await keyring.rotate({ force: true })
    worker.write(ID, 'd')
    await worker.replica.ship()
    await copy({ keks }, sealer)
    const there = encryptingSealer(await openKeyring(second))
    expect(await verified(second, there)).toEqual([])
    expect((await recovered(second, there)).content).toEqual(['a', 'b', 'c', 'd'])
  })

  it('back into a new store is sealed anew with the keyring that was made there', async () => {
    const sealer = encryptingSealer(await openKeyring(first))
    await running(sealer)
    await copy({ keks: [kekOf(1)] }, sealer)
    const third = new NamedStore('third')
    const anew = encryptingSealer(await openKeyring(third))
    const back = {
      own: { store: third, sealer: anew },
      direction: 'from',
      keks: [kekOf(1)],
    } as const
    expect((await copy(back)).summary).toMatchObject({ copied: 1 })
    expect(await verified(third, anew)).toEqual([])
    expect((await recovered(third, anew)).content).toEqual(['a', 'b', 'c'])
    // What a worker took up there since stays as it is.
    expect((await copy(back)).summary).toMatchObject({ used: 1, copied: 0 })
  })
})
