import type { ObjectStore, StoredObject } from '../../store/port.ts'
import { GatewayError } from '../../session/errors.ts'
import { systemClock, type Clock } from '../clock.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { KEYRING_NAME, keyringVersionName } from '../names.ts'
import { damaged } from '../object.ts'
import { conditionalWrite, SWAP_TIMING, type SwapTiming } from '../swap.ts'
import { newDataKey, type NamedKey } from './key.ts'
import { decodeRing, encodeRing, KEYRING, type DataKey, type KeyState, type Ring } from './ring.ts'
import {
  assertRemovable,
  REFRESH_MS,
  rewrapped,
  withAdded,
  withRemoved,
  withRotated,
} from './ring-changes.ts'
import type { KeySource } from './sealer.ts'

/** How far keyrings had come, by their ids, as this host remembers it over restarts. */
export interface SeenVersions {
  get(ringId: string): number
  set(ringId: string, version: number): void
}

export interface KeyringOptions {
  store: ObjectStore
  /** The first locks what is written, all unlock what is read. */
  keks: readonly [NamedKey, ...NamedKey[]]
  seen: SeenVersions
  /** The regular look for new keys failed; what is known goes on being used. */
  onFailure?: (error: unknown) => void
  clock?: Clock
  swapTiming?: SwapTiming
}

/** A data key without its bytes. */
export interface KeyInfo {
  id: string
  state: KeyState
  /** Milliseconds since the epoch. */
  createdAt: number
}

/** Changes of others that come in between; each round works on what they left. */
const ROUNDS = 5

/**
 * The data keys of one object store: read, kept up to date, and changed by compare-and-swap. Every
 * version that was ever in force is also kept under a name of its own, before it can be replaced,
 * so that a lost keyring can be put back and one that was put back too far is noticed.
 */
export class Keyring implements KeySource {
  readonly #options: KeyringOptions
  readonly #clock: Clock
  readonly #abort = new AbortController()
  /** Reads and changes one at a time: what was read late must not look like a step back. */
  readonly #lock = new KeyedLock()
  #ring: Ring
  /** The keyring's object, as it was read or written last. */
  #object: StoredObject
  /** The newest version that is known to lie under a name of its own. */
  #kept = 0
  #refreshing: Promise<boolean> | undefined
  #loop: Promise<void> = Promise.resolve()

  private constructor(options: KeyringOptions, ring: Ring, object: StoredObject) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#ring = ring
    this.#object = object
  }

  /** Undefined where the store has no keyring; see src/replica/crypto/create.ts. */
  static async open(options: KeyringOptions): Promise<Keyring | undefined> {
    const object = await options.store.get(KEYRING_NAME)
    if (object === undefined) return undefined
    const ring = decodeRing(object.bytes, options.keks)
    const keyring = new Keyring(options, ring, object)
    await keyring.#accept(object)
    await keyring.#keep()
    return keyring
  }

  get active(): DataKey {
    const active = this.#ring.keys.find(({ state }) => state === 'active')
    if (active === undefined) throw new TypeError('a keyring without an active key was accepted')
    return active
  }

  /** Id of the key-encryption key that locks the keyring. */
  get kek(): string {
    return this.#ring.kek
  }

  /** True while the keyring is locked with another than the first key-encryption key. */
  get wrapsWithOlder(): boolean {
    return this.#ring.kek !== this.#options.keks[0].id
  }

  find(id: string): DataKey | undefined {
    return this.#ring.keys.find((key) => key.id === id)
  }

  /** Oldest first. */
  list(): KeyInfo[] {
    return this.#ring.keys.map(({ id, state, createdAt }) => ({ id, state, createdAt }))
  }

  /** Adds a data key that workers read from now on, and that is written with after `rotate`. */
  add(): Promise<void> {
    return this.#change((ring) => withAdded(ring, newDataKey(), this.#clock.wall()))
  }

  rotate({ force = false }: { force?: boolean } = {}): Promise<void> {
    return this.#change((ring) => withRotated(ring, this.#clock.wall(), force))
  }

  /** Locks the keyring with the first key-encryption key; the data keys stay. */
  rewrap(): Promise<void> {
    return this.#change(rewrapped)
  }

  /** Throws `usage` where the key cannot be removed now, whatever it sealed. */
  async assertRemovable(id: string, force: boolean): Promise<void> {
    await this.refresh()
    assertRemovable(this.#ring, id, this.#clock.wall(), force)
  }

  /** Removes a key with which nothing is sealed any more: src/replica/reencrypt/in-use.ts. */
  remove(id: string, { force = false }: { force?: boolean } = {}): Promise<void> {
    return this.#change((ring) => withRemoved(ring, id, this.#clock.wall(), force))
  }

  /** Reads the keyring again; true where it had changed. Calls at the same time share one read. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#exclusively(() => this.#read()).finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Looks for new keys every minute until `stop`. */
  start(): void {
    this.#loop = this.#run(this.#abort.signal)
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#loop
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#clock.sleep(REFRESH_MS, { signal, background: true })
        await this.refresh()
        await this.#exclusively(() => this.#keep())
      } catch (error) {
        if (signal.aborted) return
        this.#options.onFailure?.(error)
      }
    }
  }

  async #read(): Promise<boolean> {
    const object = await this.#options.store.get(KEYRING_NAME)
    if (object === undefined) throw gone()
    if (object.etag === this.#object.etag) return false
    await this.#accept(object)
    return true
  }

  /** Takes a keyring that was read, unless it is older than what was seen. */
  async #accept(object: StoredObject): Promise<void> {
    const { store, keks, seen } = this.#options
    const ring = decodeRing(object.bytes, keks)
    if (ring.id !== this.#ring.id) throw damaged(KEYRING, 'another keyring stands in its place')
    const known = Math.max(seen.get(ring.id), this.#ring.version)
    if (ring.version < known) throw backwards(ring.version, known)
    const later = await store.get(keyringVersionName(ring.version + 1))
    if (later !== undefined) {
      // A change that came between the two reads has replaced what was read here.
      const now = await store.get(KEYRING_NAME)
      if (now === undefined) throw gone()
      if (now.etag === object.etag) throw backwards(ring.version, ring.version + 1)
      return this.#accept(now)
    }
    this.#adopt(ring, object)
  }

  #adopt(ring: Ring, object: StoredObject): void {
    this.#options.seen.set(ring.id, ring.version)
    this.#ring = ring
    this.#object = object
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#lock.run(KEYRING_NAME, work)
  }

  #change(change: (ring: Ring) => Ring): Promise<void> {
    return this.#exclusively(() => this.#changeNow(change))
  }

  async #changeNow(change: (ring: Ring) => Ring): Promise<void> {
    const { store, keks, swapTiming = SWAP_TIMING } = this.#options
    for (let round = 0; round < ROUNDS; round++) {
      await this.#read()
      await this.#keep()
      const next = { ...change(this.#ring), kek: keks[0].id }
      const bytes = encodeRing(next, keks[0])
      const outcome = await conditionalWrite(store, this.#clock, swapTiming, {
        name: KEYRING_NAME,
        bytes,
        etag: this.#object.etag,
        isOwn: (found) => Buffer.compare(found, bytes) === 0,
      })
      if (outcome.kind === 'lost') continue
      this.#adopt(next, { bytes, etag: outcome.etag })
      // The change is in force; what cannot be copied now is copied by the next look.
      await this.#keep().catch((error: unknown) => this.#options.onFailure?.(error))
      return
    }
    throw new GatewayError({
      code: 'store.unavailable',
      subject: KEYRING_NAME,
      message: 'the keyring kept changing while it was written',
    })
  }

  /** Two keyrings of one version mean that one of them was put back and changed again. */
  async #keep(): Promise<void> {
    const { version } = this.#ring
    if (this.#kept === version) return
    const { bytes } = this.#object
    const { store, swapTiming = SWAP_TIMING } = this.#options
    const name = keyringVersionName(version)
    const outcome = await conditionalWrite(store, this.#clock, swapTiming, {
      name,
      bytes,
      etag: undefined,
      isOwn: (found) => Buffer.compare(found, bytes) === 0,
    })
    if (outcome.kind === 'lost')
      throw damaged(KEYRING, `there are two of version ${version} (see ${name})`)
    this.#kept = version
  }
}

function backwards(version: number, known: number): GatewayError {
  return new GatewayError({
    code: 'replica.damaged',
    subject: KEYRING_NAME,
    message: `the keyring in the object store went back to version ${version}, and version ${known} was in use`,
    hint: `put the object ${keyringVersionName(known)} back in its place`,
  })
}

function gone(): GatewayError {
  return new GatewayError({
    code: 'replica.damaged',
    subject: KEYRING_NAME,
    message: 'the keyring is missing in the object store',
    hint: 'put the newest object under v1/keyrings/ back in its place',
  })
}
