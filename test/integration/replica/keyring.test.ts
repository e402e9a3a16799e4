import type { SeenVersions } from '../../../src/replica/crypto/keyring.ts'
import { beforeEach, describe, expect, it } from 'vitest'
import { assertNoKeyring } from '../../../src/replica/crypto/create.ts'
import { encryptingSealer } from '../../../src/replica/crypto/sealer.ts'
import { RIPE_MS, REFRESH_MS } from '../../../src/replica/crypto/ring-changes.ts'
import { ownerName } from '../../../src/replica/names.ts'
import type { ObjectAddress } from '../../../src/replica/object.ts'
import { plainSealer, withKeys } from '../../../src/replica/sealer.ts'
import { kekOf, openKeyring, SeenInMemory } from '../../support/keyring.ts'
import { MemoryStore, unavailable, unknownOutcome } from '../../support/memory-store.ts'
import { settle, VirtualClock } from '../../support/virtual-clock.ts'

const KEYRING = 'v1/keyring'
const ADDRESS: ObjectAddress = { name: ownerName('shop'), kind: 'owner', sessionId: 'shop' }
const NO_KEY = expect.objectContaining({ code: 'replica.no-key' })
const DAMAGED = expect.objectContaining({ code: 'replica.damaged', subject: KEYRING })
let store: MemoryStore
let clock: VirtualClock

beforeEach(() => {
  store = new MemoryStore()
  clock = new VirtualClock()
})

const states = (keyring: { list(): { state: string }[] }) =>
  keyring.list().map(({ state }) => state)

describe('a keyring', () => {
  it('is made once, and found again by everyone who has the key', async () => {
    const [first, second] = await Promise.all([openKeyring(store), openKeyring(store)])
    const later = await openKeyring(store)
    expect(second.list()).toEqual(first.list())
    expect(later.list()).toEqual(first.list())
    expect(states(first)).toEqual(['active'])
    expect(store.names()).toEqual([KEYRING, 'v1/keyrings/0000000001'])
  })

  it('gives every worker the same keys', async () => {
    const one = encryptingSealer(await openKeyring(store))
    const two = encryptingSealer(await openKeyring(store))
    const { payload } = two.open(ADDRESS, one.seal(ADDRESS, 'none', Buffer.from('text')))
    expect(Buffer.from(payload).toString()).toBe('text')
  })

  it('reads a new key before it writes with it, and the old one for ever', async () => {
    const keyring = await openKeyring(store, { clock })
    const sealer = encryptingSealer(keyring)
    const old = sealer.seal(ADDRESS, 'none', Buffer.from('old'))
    const before = keyring.active.id
    await keyring.add()
    expect(states(keyring)).toEqual(['active', 'distributed'])
    expect(keyring.active.id).toBe(before)
    await expect(keyring.add()).rejects.toMatchObject({ code: 'usage' })
    await expect(keyring.rotate()).rejects.toMatchObject({ code: 'usage' })
    await clock.advance(RIPE_MS)
    await keyring.rotate()
    expect(states(keyring)).toEqual(['retired', 'active'])
    expect(keyring.active.id).not.toBe(before)
    expect(Buffer.from(sealer.open(ADDRESS, old).payload).toString()).toBe('old')
    await expect(keyring.rotate({ force: true })).rejects.toMatchObject({ code: 'usage' })
    expect(store.names()).toHaveLength(4)
  })

  it('is looked at again each minute, and as soon as an unknown key is met', async () => {
    const writer = await openKeyring(store, { clock })
    const idle = await openKeyring(store, { clock })
    const met = encryptingSealer(await openKeyring(store))
    idle.start()
    await writer.add()
    await clock.advance(REFRESH_MS)
    expect(states(idle)).toEqual(['active', 'distributed'])
    await idle.stop()

    await writer.rotate({ force: true })
    const bytes = encryptingSealer(writer).seal(ADDRESS, 'none', Buffer.from('new'))
    expect(() => met.open(ADDRESS, bytes)).toThrow(NO_KEY)
    const found = await withKeys(met, () => met.open(ADDRESS, bytes))
    expect(Buffer.from(found.payload).toString()).toBe('new')
  })

  it('goes on with what it knows while the store is away, and says so', async () => {
    const failures: unknown[] = []
    const keyring = await openKeyring(store, { clock, onFailure: (e) => failures.push(e) })
    keyring.start()
    store.onRead = () => Promise.reject(unavailable())
    await clock.advance(REFRESH_MS)
    expect(failures).toEqual([expect.objectContaining({ code: 'store.unavailable' })])
    expect(states(keyring)).toEqual(['active'])
    await keyring.stop()
  })

  it('takes one change of two that come at once', async () => {
    const rings = await Promise.all(Array.from({ length: 8 }, () => openKeyring(store)))
    const added = await Promise.allSettled(rings.map((ring) => ring.add()))
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const rotated = await Promise.allSettled(rings.map((ring) => ring.rotate({ force: true })))
    expect(rotated.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await Promise.all(rings.map((ring) => ring.refresh()))
    const ids = new Set(rings.map((ring) => ring.active.id))
    expect(ids.size).toBe(1)
    for (const ring of rings) expect(states(ring)).toEqual(['retired', 'active'])
  })

  it('takes no read that was slow for a step back', async () => {
    const keyring = await openKeyring(store)
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const get = store.get.bind(store)
    store.get = async (name) => {
      store.get = get
      const old = await get(name)
      await answered
      return old
    }
    const reading = keyring.refresh()
    const changing = keyring.add()
    await settle()
    answer()
    expect(await reading).toBe(false)
    await changing
    expect(states(keyring)).toEqual(['active', 'distributed'])
  })

  it('makes a change definite whose answer was lost', async () => {
    const keyring = await openKeyring(store, { clock })
    store.onWrite = async (write) => {
      write.apply()
      store.onWrite = async (next) => next.apply()
      throw unknownOutcome(write.name)
    }
    const adding = keyring.add()
    await clock.advance(1_000)
    await adding
    expect(states(await openKeyring(store))).toEqual(['active', 'distributed'])
  })
})

describe('key-encryption keys', () => {
  it('unlock with any, lock with the first', async () => {
    const old = await openKeyring(store, { keks: [kekOf(1)] })
    const both = await openKeyring(store, { keks: [kekOf(2), kekOf(1)] })
    expect(both.wrapsWithOlder).toBe(true)
    expect(both.kek).toBe(kekOf(1).id)
    await both.rewrap()
    expect(both.wrapsWithOlder).toBe(false)
    const fresh = await openKeyring(store, { keks: [kekOf(2)] })
    expect(fresh.list()).toEqual(old.list())
    await expect(openKeyring(store, { keks: [kekOf(1)] })).rejects.toEqual(NO_KEY)
  })

  it('that do not fit are refused by name, and nothing is written', async () => {
    await openKeyring(store)
    const before = new Map(store.objects)
    await expect(openKeyring(store, { keks: [kekOf(9)] })).rejects.toMatchObject({
      code: 'replica.no-key',
      message: expect.stringMatching(`${kekOf(1).id}.*${kekOf(9).id}`),
    })
    expect(store.objects).toEqual(before)
  })
})

describe('a missing keyring', () => {
  it('is not replaced where there are sessions', async () => {
    const sealer = encryptingSealer(await openKeyring(store))
    store.store(ADDRESS.name, sealer.seal(ADDRESS, 'none', Buffer.from('owner')))
    for (const name of store.names()) if (name.startsWith(KEYRING)) store.objects.delete(name)
    for (const acceptPlaintext of [false, true])
      await expect(openKeyring(store, { acceptPlaintext })).rejects.toEqual(NO_KEY)
    expect(store.names()).toEqual([ADDRESS.name])
  })

  it('is not replaced where only its versions are left, and can be put back from them', async () => {
    const keyring = await openKeyring(store)
    await keyring.add()
    store.objects.delete(KEYRING)
    await expect(openKeyring(store)).rejects.toEqual(NO_KEY)
    await expect(keyring.refresh()).rejects.toEqual(DAMAGED)
    const copy = await store.get('v1/keyrings/0000000002')
    store.store(KEYRING, copy?.bytes ?? new Uint8Array())
    expect((await openKeyring(store)).list()).toEqual(keyring.list())
  })

  it('is made beside plain sessions only where that is allowed', async () => {
    store.store(ADDRESS.name, plainSealer.seal(ADDRESS, 'none', Buffer.from('owner')))
    await expect(openKeyring(store)).rejects.toEqual(NO_KEY)
    expect(states(await openKeyring(store, { acceptPlaintext: true }))).toEqual(['active'])
  })

  it('is what a worker without keys insists on', async () => {
    await assertNoKeyring(store)
    await openKeyring(store)
    await expect(assertNoKeyring(store)).rejects.toEqual(NO_KEY)
    store.objects.delete(KEYRING)
    await expect(assertNoKeyring(store)).rejects.toEqual(NO_KEY)
  })
})

describe('a keyring that goes back', () => {
  async function rolledBack(seen: SeenVersions = new SeenInMemory()) {
    const keyring = await openKeyring(store, { seen })
    const old = await store.get(KEYRING)
    await keyring.add()
    store.store(KEYRING, old?.bytes ?? new Uint8Array())
    return keyring
  }

  it('is refused by whoever saw the later one', async () => {
    const seen = new SeenInMemory()
    const keyring = await rolledBack(seen)
    await expect(keyring.refresh()).rejects.toEqual(DAMAGED)
    await expect(keyring.rotate({ force: true })).rejects.toEqual(DAMAGED)
    expect(states(keyring)).toEqual(['active', 'distributed'])
    store.objects.delete('v1/keyrings/0000000002')
    await expect(openKeyring(store, { seen })).rejects.toEqual(DAMAGED)
  })

  it('is refused by a running process whatever its host has forgotten', async () => {
    const keyring = await rolledBack({ get: () => 0, set: () => undefined })
    store.objects.delete('v1/keyrings/0000000002')
    await expect(keyring.refresh()).rejects.toEqual(DAMAGED)
  })

  it('or is gone a moment later is refused', async () => {
    await rolledBack()
    store.onRead = async (name) => {
      if (name === 'v1/keyrings/0000000002') store.objects.delete(KEYRING)
    }
    await expect(openKeyring(store)).rejects.toThrow('is missing')
  })

  it('or stands beside another of its version is refused', async () => {
    const keyring = await openKeyring(store)
    await keyring.add()
    store.store('v1/keyrings/0000000002', Buffer.from('another'))
    await expect(openKeyring(store)).rejects.toThrow('two of version 2')
  })

  it('is refused by newcomers too, since the later one is kept', async () => {
    await rolledBack()
    await expect(openKeyring(store)).rejects.toEqual(DAMAGED)
  })

  it('or was replaced by that of another store is refused', async () => {
    const keyring = await openKeyring(store)
    const other = new MemoryStore()
    await openKeyring(other)
    store.store(KEYRING, (await other.get(KEYRING))?.bytes ?? new Uint8Array())
    await expect(keyring.refresh()).rejects.toEqual(DAMAGED)
  })

  it('or was changed anywhere is refused', async () => {
    await openKeyring(store)
    const { bytes } = (await store.get(KEYRING)) ?? { bytes: new Uint8Array() }
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      store.store(KEYRING, changed)
      await expect(openKeyring(store), `byte ${at}`).rejects.toMatchObject({ subject: KEYRING })
    }
  })
})

describe('a process that dies at any write', () => {
  const KILLED = new Error('killed')

  it.each(['before', 'after'] as const)(
    '%s it took effect leaves a sound keyring',
    async (when) => {
      for (let fatal = 0, survived = false; !survived; fatal++) {
        store = new MemoryStore()
        const seen = new SeenInMemory()
        let writes = 0
        store.onWrite = async (write) => {
          if (writes++ !== fatal) return write.apply()
          if (when === 'after') write.apply()
          throw KILLED
        }
        const used = new Set<string>()
        survived = await lifecycle(seen, used)
        store.onWrite = async (write) => write.apply()
        const keyring = await openKeyring(store, { seen })
        for (const id of used) expect(keyring.find(id), `${when} ${fatal}`).toBeDefined()
        await keyring.add().catch(expectUsage)
        await keyring.rotate({ force: true })
        const versions = store.names().filter((name) => name.startsWith('v1/keyrings/'))
        expect(await openKeyring(store, { seen })).toMatchObject({ active: keyring.active })
        expect(versions.at(-1)).toBe(`v1/keyrings/${String(versions.length).padStart(10, '0')}`)
      }
    },
  )

  /** False where it died. Notes each key that was written with. */
  async function lifecycle(seen: SeenInMemory, used: Set<string>): Promise<boolean> {
    const failures: unknown[] = []
    try {
      const keyring = await openKeyring(store, { seen, onFailure: (e) => failures.push(e) })
      used.add(keyring.active.id)
      await keyring.add()
      await keyring.rotate({ force: true })
      used.add(keyring.active.id)
      await keyring.rewrap()
    } catch (error) {
      if (error !== KILLED) throw error
      return false
    }
    return failures.length === 0
  }

  function expectUsage(error: unknown): void {
    expect(error).toMatchObject({ code: 'usage' })
  }
})
