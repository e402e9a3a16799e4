import { beforeEach, describe, expect, it } from 'vitest'
import type { Keyring } from '../../../src/replica/crypto/keyring.ts'
import { encryptingSealer } from '../../../src/replica/crypto/sealer.ts'
import { openKeyring } from '../../support/keyring.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { TestWorker } from '../../support/workers.ts'

const ID = 'shop'
const OWNER = `v1/sessions/${ID}/owner`
let store: MemoryStore

beforeEach(() => {
  store = new MemoryStore()
})

async function newWorker(options: ConstructorParameters<typeof TestWorker>[1] = {}) {
  const keyring: Keyring = await openKeyring(store)
  const worker = new TestWorker(store, { sealer: encryptingSealer(keyring), ...options })
  return { keyring, worker }
}

/** Header byte 7 of each object: 1 is aes-256-gcm. */
function ciphers(): (number | undefined)[] {
  return [...store.objects.values()].map(({ bytes }) => bytes[7])
}

describe('an encrypted replica', () => {
  it('stores nothing plain: owner, snapshot and the counter of its boot', async () => {
    const { worker } = await newWorker()
    await worker.replica.start()
    await worker.pair(ID)
    worker.write(ID, 'a', 'b')
    await worker.replica.fold(ID, 'manual')
    expect(store.names().some((name) => name.endsWith('/alive'))).toBe(true)
    expect(new Set(ciphers())).toEqual(new Set([1]))
    await worker.replica.stop()
  })

  it('goes cold to another worker that has not heard of the newest key yet', async () => {
    const { worker, keyring } = await newWorker()
    const late = await newWorker({ name: 'w2' })
    await worker.pair(ID)
    worker.write(ID, 'a', 'b')
    await keyring.add()
    await keyring.rotate({ force: true })
    await worker.replica.release(ID, { store: true })
    const outcome = await late.worker.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'claimed', route: 'cold' })
    expect(late.worker.content(ID)).toEqual(['a', 'b'])
    expect(late.keyring.active.id).toBe(keyring.active.id)
  })

  it('refuses as damaged what no key of the keyring opens, with the object and the key', async () => {
    const { worker } = await newWorker()
    await worker.pair(ID)
    await worker.replica.release(ID, { store: true })
    const other = await openKeyring(new MemoryStore())
    const bytes = encryptingSealer(other).seal(
      { name: OWNER, kind: 'owner', sessionId: ID },
      'none',
      Buffer.from('text'),
    )
    store.store(OWNER, bytes)
    const { worker: next } = await newWorker({ name: 'w2' })
    const outcome = await next.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'damaged' })
    const { detail } = outcome as { detail: string }
    for (const word of [ID, OWNER, other.active.id]) expect(detail).toContain(word)
    expect(await next.replica.discover()).toEqual([ID])
  })

  it('refuses a plain record in the place of an encrypted one', async () => {
    const plain = new MemoryStore()
    const forger = new TestWorker(plain)
    await forger.pair(ID)
    await forger.replica.release(ID, { store: true })
    const { worker } = await newWorker()
    await worker.pair(ID)
    await worker.replica.release(ID, { store: true })
    store.store(OWNER, plain.objects.get(OWNER)?.bytes ?? new Uint8Array())
    const outcome = await worker.replica.claim({ sessionId: ID, assigned: true })
    expect(outcome).toMatchObject({ kind: 'refused', cause: 'damaged' })
  })
})
