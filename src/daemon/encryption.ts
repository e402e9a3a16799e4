import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { readEncryptionKeys } from '../config/encryption-keys.ts'
import { assertNoKeyring, openOrCreateKeyring } from '../replica/crypto/create.ts'
import { keyEncryptionKey, type NamedKey } from '../replica/crypto/key.ts'
import type { Keyring, KeyringOptions } from '../replica/crypto/keyring.ts'
import { encryptingSealer } from '../replica/crypto/sealer.ts'
import { plainSealer, type Sealer } from '../replica/sealer.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import { SeenKeyrings } from './seen-keyrings.ts'

const RETRY_MS = 1_000

export interface EncryptionView {
  kind: 'none' | 'aes-256-gcm'
  /** The data key that is written with, and how many can be read with; absent until unlocked. */
  keyId?: string
  keys?: number
}

/**
 * Whether and with what the object store is encrypted. Its sealer exists from the start, and seals
 * and opens nothing before `unlock`: until then it fails as a store does that is away.
 */
export class Encryption {
  readonly sealer: Sealer
  readonly #config: Config
  readonly #store: ObjectStore
  readonly #logger: Logger
  #unlocked: Sealer | undefined
  #keyring: Keyring | undefined

  constructor(config: Config, store: ObjectStore, logger: Logger) {
    this.#config = config
    this.#store = store
    this.#logger = logger
    this.sealer = {
      seal: (address, codec, payload) => this.#ready().seal(address, codec, payload),
      open: (address, bytes) => this.#ready().open(address, bytes),
      refresh: () => this.#ready().refresh(),
    }
  }

  get view(): EncryptionView {
    if (this.#config.encryption.key === undefined) return { kind: 'none' }
    const keyring = this.#keyring
    if (keyring === undefined) return { kind: 'aes-256-gcm' }
    return { kind: 'aes-256-gcm', keyId: keyring.active.id, keys: keyring.list().length }
  }

  /** Throws where the store is not encrypted, or was not asked yet. */
  get keyring(): Keyring {
    if (this.#keyring !== undefined) return this.#keyring
    this.#ready()
    throw new GatewayError({
      code: 'usage',
      message: 'what this worker stores is not encrypted, so there are no keys',
      hint: 'set WA_GATEWAY_ENCRYPTION_KEY and restart the daemon',
    })
  }

  /** The key-encryption keys, the one that locks first; empty where nothing is encrypted. */
  get keks(): readonly NamedKey[] {
    return keysOf(this.#config) ?? []
  }

  /** Waits for a store that is away; throws where its keys do not fit this worker's. */
  async unlock(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        this.#unlocked = await this.#open()
        return
      } catch (thrown) {
        signal.throwIfAborted()
        const error = toGatewayError(thrown)
        if (!error.retryable) throw error
        this.#logger.warn({ err: error }, 'the keyring cannot be read yet')
        await sleep(RETRY_MS, undefined, { signal })
      }
    }
  }

  /** The store is on its way from plain to encrypted: what is needed is to be stored anew. */
  get migrating(): boolean {
    return this.#keyring !== undefined && this.#config.encryption.allowPlaintext
  }

  async stop(): Promise<void> {
    await this.#keyring?.stop()
  }

  async #open(): Promise<Sealer> {
    const { allowPlaintext } = this.#config.encryption
    const keks = keysOf(this.#config)
    if (keks === undefined) {
      await assertNoKeyring(this.#store)
      return plainSealer
    }
    const options: KeyringOptions = {
      store: this.#store,
      keks,
      seen: new SeenKeyrings(this.#config.stateDir),
      onFailure: (error) => this.#logger.error({ err: error }, 'the keyring could not be read'),
    }
    const keyring = await openOrCreateKeyring(options, allowPlaintext)
    this.#keyring = keyring
    keyring.start()
    this.#logger.info({ key: keyring.active.id }, 'the object store is encrypted')
    if (keyring.wrapsWithOlder)
      this.#logger.warn(
        'the keyring is not locked with the first of WA_GATEWAY_ENCRYPTION_KEY: once every worker has it, run `wa-gateway backup key rewrap`',
      )
    return encryptingSealer(keyring, { acceptPlaintext: allowPlaintext })
  }

  #ready(): Sealer {
    if (this.#unlocked !== undefined) return this.#unlocked
    throw new GatewayError({
      code: 'store.unavailable',
      message: 'the object store did not answer yet',
      hint: 'see `wa-gateway status`',
    })
  }
}

function keysOf({ encryption }: Config): [NamedKey, ...NamedKey[]] | undefined {
  if (encryption.key === undefined) return undefined
  const read = readEncryptionKeys(encryption.key.reveal())
  const [first, ...others] = read.ok ? read.keys.map(keyEncryptionKey) : []
  if (first === undefined) throw new TypeError('an encryption key passed the rules without a value')
  return [first, ...others]
}
