import { beforeEach, describe, expect, it } from 'vitest'
import { copyStore, type CopyRequest, type SessionCopy } from '../../../src/replica/copy/copy.ts'
import { encryptingSealer } from '../../../src/replica/crypto/sealer.ts'
import { plainSealer, type Sealer } from '../../../src/replica/sealer.ts'
import { BUNDLE } from '../../support/bundle-names.ts'
import { kekOf, openKeyring } from '../../support/keyring.ts'
import { MemoryStore, unavailable } from '../../support/memory-store.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const keks = [kekOf(1)]
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
  const own = { store: first, sealer }
  const clock = new VirtualClock()
  const request = { own, other: second, direction: 'to', keks: [], clock, ...more } as const
  const listener = {
    onTotal: () => {},
    onPut: () => {},
    onSession: (one: SessionCopy) => sessions.push(one),
  }
  return { summary: await copyStore(request, listener), sessions }
}

async function running(store: MemoryStore, sealer: Sealer = plainSealer): Promise<TestWorker> {
  const worker = new TestWorker(store, { sealer })
  await worker.pair(ID)
  worker.write(ID, 'a')
  await worker.replica.ship()
  return worker
}

describe('a copy is refused as a whole', () => {
  it('into the very store that it is of', async () => {
    await running(first)
    await expect(copy({ other: first })).rejects.toMatchObject({ code: 'usage', subject: 'first' })
  })

  it('of a plain store into an encrypted one, unless that is allowed', async () => {
    await running(second)
    const sealer = encryptingSealer(await openKeyring(first))
    const from = { direction: 'from', keks } as const
    await expect(copy(from, sealer)).rejects.toMatchObject({ code: 'replica.no-key' })
    expect(first.names('v1/sessions/')).toEqual([])
    expect((await copy({ ...from, acceptPlaintext: true }, sealer)).summary.copied).toBe(1)
  })

  it('of a plain store to an encrypted one', async () => {
    await running(first)
    await openKeyring(second)
    await expect(copy({ keks })).rejects.toMatchObject({ code: 'replica.no-key' })
    expect(second.names('v1/sessions/')).toEqual([])
  })

  it('where the store is away, not session by session', async () => {
    await running(first)
    first.onRead = async (name) => {
      if (name.endsWith('/owner')) throw unavailable()
    }
    await expect(copy()).rejects.toMatchObject({ code: 'store.unavailable' })
  })
})

describe('a copy of one session', () => {
  it('replaces no bundle that says something else, which another put there meanwhile', async () => {
    await running(first)
    const bundle = first.names('v1/workers/').find((name) => BUNDLE.test(name)) ?? ''
    const other = plainSealer.seal({ name: bundle, kind: 'bundle' }, 'none', Buffer.from('other'))
    second.onWrite = async (write) => {
      if (write.name === bundle) second.store(bundle, other)
      return write.apply()
    }
    const { sessions } = await copy()
    expect(sessions).toMatchObject([{ outcome: 'used', detail: expect.stringContaining(bundle) }])
    expect(second.objects.get(bundle)?.bytes).toEqual(Uint8Array.from(other))
  })

  it('that is named and nowhere is none that only the copy has', async () => {
    const { summary, sessions } = await copy({ sessionIds: [ID] })
    expect(sessions).toEqual([{ sessionId: ID, outcome: 'nothing' }])
    expect(summary.newer).toBe(0)
  })

  it('that fails deletes nothing, so that it goes on where it failed', async () => {
    const worker = await running(first)
    await copy()
    for (const text of ['b', 'c']) {
      worker.write(ID, text)
      await worker.replica.fold(ID, 'manual')
    }
    const newest = first.names(`v1/sessions/${ID}/00`).at(-1) ?? ''
    first.store(newest, Buffer.from('damaged'))
    const { summary } = await copy({ prune: true })
    expect(summary).toMatchObject({ failed: 1, pruned: 0 })
  })
})

it('brings the keys along that were made at the copy since', async () => {
  const sealer = encryptingSealer(await openKeyring(first))
  await running(first, sealer)
  await copy({ keks }, sealer)
  const there = await openKeyring(second)
  await there.add()
  await there.rotate({ force: true })
  const rescue = new TestWorker(second, { name: 'rescue', sealer: encryptingSealer(there) })
  await rescue.replica.claim({ sessionId: ID, assigned: true, takeOver: true })
  rescue.write(ID, 'b')
  await rescue.replica.release(ID, { store: true })
  const { summary } = await copy({ direction: 'from', keks }, sealer)
  expect(summary).toMatchObject({ copied: 1 })
  const back = encryptingSealer(await openKeyring(first))
  const worker = new TestWorker(first, { name: 'back', sealer: back })
  await worker.replica.claim({ sessionId: ID, assigned: true })
  expect(worker.content(ID)).toEqual(['a', 'b'])
})
