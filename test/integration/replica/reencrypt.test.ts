import { beforeEach, describe, expect, it } from 'vitest'
import { encryptingSealer } from '../../../src/replica/crypto/sealer.ts'
import type { Keyring } from '../../../src/replica/crypto/keyring.ts'
import type { PartCheck, SessionCheck } from '../../../src/replica/verify/port.ts'
import { usesOf } from '../../../src/replica/reencrypt/in-use.ts'
import { reencrypt } from '../../../src/replica/reencrypt/reencrypt.ts'
import type { Sealer } from '../../../src/replica/sealer.ts'
import { SWAP_TIMING } from '../../../src/replica/swap.ts'
import { openKeyring } from '../../support/keyring.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { seeded } from '../../support/random.ts'
import { VirtualClock } from '../../support/virtual-clock.ts'
import { TestWorker } from '../../support/workers.ts'

let store: MemoryStore
let clock: VirtualClock
const IDS = ['anna', 'ben', 'carl']

beforeEach(() => {
  store = new MemoryStore()
  clock = new VirtualClock()
})

const quiet = { onTotal: () => {}, onObject: () => {} }

function rewriting(keyring: Keyring, sealer: Sealer, signal?: AbortSignal) {
  const context = { store, sealer, clock, timing: SWAP_TIMING, ...(signal && { signal }) }
  return reencrypt({ ...context, activeKey: () => keyring.active.id }, quiet)
}

async function stage(sealer: Sealer | undefined) {
  const worker = new TestWorker(store, { clock, ...(sealer && { sealer }) })
  await worker.replica.start()
  for (const id of IDS) {
    await worker.pair(id)
    worker.write(id, 'a')
    await worker.replica.fold(id, 'manual')
    worker.write(id, 'b')
  }
  await worker.replica.ship()
  return worker
}

async function findings(sealer: Sealer) {
  const { replica } = new TestWorker(store, { name: 'verifier', sealer })
  const checks: (SessionCheck | PartCheck)[] = []
  await replica.verify({ readData: true }, (check) => checks.push(check))
  return checks.flatMap((check) => check.findings)
}

/** What another host finds of each session, without taking it away from its owner. */
async function recovered(sealer: Sealer) {
  const copy = new MemoryStore()
  for (const [name, { bytes }] of store.objects) copy.store(name, bytes)
  const rescue = new TestWorker(copy, { name: 'rescue', sealer })
  const contents: string[][] = []
  for (const sessionId of IDS) {
    const outcome = await rescue.replica.claim({ sessionId, assigned: true, takeOver: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold' })
    contents.push(rescue.content(sessionId))
  }
  return contents
}

async function rotate(keyring: Keyring): Promise<string> {
  const old = keyring.active.id
  await keyring.add()
  await keyring.rotate({ force: true })
  return old
}

describe('re-encryption', () => {
  it('leaves nothing under the old key, whoever writes meanwhile and however often it is cut short', async () => {
    const keyring = await openKeyring(store, { clock })
    const sealer = encryptingSealer(keyring)
    const worker = await stage(sealer)
    const old = await rotate(keyring)
    const next = seeded(7)
    const written: string[] = ['a', 'b']
    for (let round = 0; round < 12; round++) {
      const cut = new AbortController()
      let left = Math.floor(next() * 12)
      store.onRead = async () => {
        if (left-- === 0) cut.abort(new Error('killed'))
      }
      const run = rewriting(keyring, sealer, cut.signal).catch((error: Error) => error.message)
      const text = `r${round}`
      for (const id of IDS) worker.write(id, text)
      written.push(text)
      if (round % 3 === 0) await worker.replica.fold('anna', 'interval')
      await worker.replica.ship()
      await run
      store.onRead = async () => undefined
      expect(await recovered(sealer)).toEqual(IDS.map(() => written))
    }
    await rewriting(keyring, sealer)
    expect((await usesOf(store, old, {}, quiet)).objects).toBe(0)
    await keyring.remove(old, { force: true })
    expect(await findings(sealer)).toEqual([])
    worker.write('anna', 'last')
    await worker.replica.ship()
    // A worker that starts now, with the keyring as it is.
    const fresh = encryptingSealer(await openKeyring(store))
    expect((await recovered(fresh))[0]).toEqual([...written, 'last'])
    expect(worker.lost).toEqual([])
  })

  it('takes what was stored before there was a key along', async () => {
    await stage(undefined)
    const keyring = await openKeyring(store, { acceptPlaintext: true })
    const strict = encryptingSealer(keyring)
    expect(await rewriting(keyring, strict)).toMatchObject({ rewritten: 0 })
    const lenient = encryptingSealer(keyring, { acceptPlaintext: true })
    const summary = await rewriting(keyring, lenient)
    expect(summary).toMatchObject({ failed: 0, rewritten: summary.objects })
    expect(await recovered(strict)).toEqual(IDS.map(() => ['a', 'b']))
    expect(await findings(strict)).toEqual([])
    expect(await rewriting(keyring, strict)).toMatchObject({ rewritten: 0, failed: 0 })
  })

  it('tells of what is damaged and goes on with the rest', async () => {
    const keyring = await openKeyring(store, { clock })
    const sealer = encryptingSealer(keyring)
    await stage(sealer)
    const old = await rotate(keyring)
    const bytes = Uint8Array.from(store.objects.get('v1/sessions/ben/owner')?.bytes ?? [])
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    store.store('v1/sessions/ben/owner', bytes)
    expect(await rewriting(keyring, sealer)).toMatchObject({ failed: 1 })
    expect(await usesOf(store, old, {}, quiet)).toEqual({
      objects: 1,
      kinds: { owner: 1 },
      examples: ['v1/sessions/ben/owner'],
    })
  })
})

describe('a key', () => {
  it('is removed only once every worker must have stopped writing with it', async () => {
    const keyring = await openKeyring(store, { clock })
    const first = keyring.active.id
    await expect(keyring.remove(first)).rejects.toMatchObject({ code: 'usage' })
    await expect(keyring.remove('0'.repeat(16))).rejects.toMatchObject({ code: 'usage' })
    await rotate(keyring)
    await expect(keyring.assertRemovable(first, false)).rejects.toThrow(/retired just now/)
    await clock.advance(120_000)
    await keyring.assertRemovable(first, false)
    await keyring.remove(first)
    expect(keyring.list().map(({ state }) => state)).toEqual(['active'])
  })
})
