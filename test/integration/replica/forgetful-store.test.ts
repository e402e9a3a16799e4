import { beforeEach, describe, expect, it } from 'vitest'
import { plainSealer } from '../../../src/replica/sealer.ts'
import type { Finding } from '../../../src/replica/verify/port.ts'
import { BUNDLE } from '../../support/bundle-names.ts'
import { newDisk } from '../../support/memory-auth-store.ts'
import { MemoryStore, unavailable } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

async function findingsOf({ replica }: TestWorker): Promise<Finding[]> {
  const findings: Finding[] = []
  await replica.verify({ readData: true }, (check) => findings.push(...check.findings))
  return findings
}

function claim(worker: TestWorker, more: { takeOver?: boolean } = {}) {
  return worker.replica.claim({ sessionId: ID, assigned: true, ...more })
}

describe('a store that forgot or went back', () => {
  it('goes on from the only copy in an emptied store, and says so', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    store.objects.clear()
    const again = new TestWorker(store, { disk: first.disk })
    const outcome = await claim(again)
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'warm', epoch: 2 })
    expect(outcome).toHaveProperty('notes', [expect.stringContaining('no record')])
  })

  it('has no log of a state that is nowhere stored whole, before a snapshot of it is', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    first.write(ID, 'on this disk')
    store.objects.clear()
    const again = new TestWorker(store, { disk: first.disk })
    store.onWrite = async (write) => {
      if (/^v1\/sessions\/shop\/\d+\/\d+$/.test(write.name)) throw unavailable()
      return write.apply()
    }
    expect(await claim(again)).toMatchObject({ kind: 'claimed' })
    again.write(ID, 'after')
    await again.clock.advance(60_000)
    expect(store.names('v1/workers/').filter((name) => BUNDLE.test(name))).toEqual([])
    store.onWrite = async (write) => write.apply()
    expect(await again.replica.tidy(ID, { intervalMs: 900_000 })).toBe('folded')
    again.write(ID, 'shipped')
    await again.clock.advance(60_000)
    const heir = new TestWorker(store, { name: 'w2' })
    expect(await claim(heir, { takeOver: true })).toMatchObject({ kind: 'claimed' })
    expect(heir.content(ID)).toEqual(['on this disk', 'after', 'shipped'])
  })

  it('is sound when made anew, whatever of an earlier log came late', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    for (const text of ['a', 'b']) {
      first.write(ID, text)
      await first.clock.advance(60_000)
    }
    const bundles = store.names('v1/workers/').filter((name) => BUNDLE.test(name))
    expect(bundles.length).toBeGreaterThan(1)
    const [late = ''] = bundles.slice(-1)
    const bytes = store.objects.get(late)?.bytes ?? new Uint8Array()
    const alive = late.replace(BUNDLE, '/alive')
    const beat = plainSealer.seal({ name: alive, kind: 'alive' }, 'none', new Uint8Array())
    store.objects.clear()
    const again = new TestWorker(store, { disk: first.disk })
    expect(await claim(again)).toMatchObject({ kind: 'claimed' })
    await again.replica.fold(ID, 'interval')
    for (const [name, there] of [
      [alive, beat],
      [late, bytes],
    ] as const) {
      store.store(name, there)
      expect(await findingsOf(again)).toEqual([])
      expect(await findingsOf(new TestWorker(store, { name: 'w9' }))).toEqual([])
    }
  })

  it('is sound when emptied under a worker that goes on with its log', async () => {
    const worker = new TestWorker(store)
    await worker.pair(ID)
    worker.write(ID, 'a')
    await worker.clock.advance(60_000)
    store.objects.clear()
    worker.write(ID, 'b')
    await worker.clock.advance(60_000)
    const bundles = store.names('v1/workers/').filter((name) => BUNDLE.test(name))
    expect(bundles).toEqual([expect.not.stringMatching(/0{12}$/)])
    await expect(worker.replica.fold(ID, 'interval')).rejects.toThrow('record is gone')
    expect(await claim(worker)).toMatchObject({ kind: 'claimed', route: 'warm' })
    worker.write(ID, 'c')
    await worker.replica.fold(ID, 'interval')
    expect(await findingsOf(worker)).toEqual([])
    expect(await findingsOf(new TestWorker(store, { name: 'w9' }))).toEqual([])
  })

  it('refuses an emptied store to a worker that the session is not assigned to', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    store.objects.clear()
    const again = new TestWorker(store, { disk: first.disk })
    const outcome = await again.replica.claim({ sessionId: ID, assigned: false })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'stale' })
  })

  it('refuses a store that was rolled back', async () => {
    const first = new TestWorker(store)
    await first.pair(ID)
    const old = new Map(store.objects)
    const disk = newDisk()
    const second = new TestWorker(store, { name: 'w2', disk })
    await claim(second, { takeOver: true })
    store.objects.clear()
    for (const [name, object] of old) store.objects.set(name, object)
    const again = new TestWorker(store, { name: 'w2', disk })
    expect(await claim(again, { takeOver: true })).toMatchObject({
      kind: 'refused',
      cause: 'store-older',
      detail: expect.stringContaining('rolled back'),
    })
  })
})
