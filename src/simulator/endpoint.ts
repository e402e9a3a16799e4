import { randomInt } from 'node:crypto'
import { Curve, generateSignalPubKey, signedKeyPair, type KeyPair } from '@whiskeysockets/baileys'
import {
  decodePreKeyMessage,
  signal,
  type SignalBundle,
  type SignalKeyPair,
  type SignalRecord,
  type SignalStorage,
} from './signal.ts'

const CLOSED_SESSIONS_KEPT = 20

export type CipherType = 'pkmsg' | 'msg'

/**
 * One Signal device of the simulator (a phone's): its identity, its pre-keys and a session with
 * each device that it talks to. Work on one session is done one piece after the other.
 */
export class Endpoint {
  readonly identity: KeyPair = Curve.generateKeyPair()
  readonly registrationId = randomInt(1, 16_380)
  readonly #preKeys = new Map<number, KeyPair>()
  readonly #sessions = new Map<string, unknown>()
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #storage: SignalStorage = this.#makeStorage()
  #signedPreKey: ReturnType<typeof signedKeyPair> | undefined
  #nextPreKey = 1

  /** A fresh bundle: one new one-time key, everything else as before. */
  bundle(): SignalBundle & { preKey: { keyId: number; publicKey: Buffer } } {
    const keyId = this.#nextPreKey++
    const preKey = Curve.generateKeyPair()
    this.#preKeys.set(keyId, preKey)
    const signed = this.#signed()
    return {
      registrationId: this.registrationId,
      identityKey: typed(this.identity.public),
      signedPreKey: {
        keyId: signed.keyId,
        publicKey: typed(signed.keyPair.public),
        signature: Buffer.from(signed.signature),
      },
      preKey: { keyId, publicKey: typed(preKey.public) },
    }
  }

  /** Encrypts for a device, beginning a session from the bundle when there is none. */
  encrypt(
    address: string,
    plain: Buffer,
    bundle: () => SignalBundle,
  ): Promise<{ type: CipherType; ciphertext: Buffer }> {
    return this.#inTurn(address, async () => {
      if (this.#load(address)?.getOpenSession() === undefined) {
        await this.#establish(address, bundle())
      }
      const cipher = new signal.SessionCipher(this.#storage, parseAddress(address))
      const { type, body } = await cipher.encrypt(plain)
      return { type: type === 3 ? 'pkmsg' : 'msg', ciphertext: Buffer.from(body) }
    })
  }

  /** Begins a new session with a device; the old one still reads what is under way. */
  establish(address: string, bundle: SignalBundle): Promise<void> {
    return this.#inTurn(address, () => this.#establish(address, bundle))
  }

  /** Decrypts; throws libsignal's error when no session reads it, and changes nothing then. */
  decrypt(address: string, type: string, ciphertext: Buffer): Promise<Buffer> {
    return this.#inTurn(address, () => {
      if (type === 'pkmsg') return this.#decryptFirst(address, ciphertext)
      if (type === 'msg') return this.#decryptNext(address, ciphertext)
      throw new Error(`a contact cannot read the message type '${type}'`)
    })
  }

  async #establish(address: string, bundle: SignalBundle): Promise<void> {
    this.#close(address, this.#load(address))
    await new signal.SessionBuilder(this.#storage, parseAddress(address)).initOutgoing(bundle)
  }

  async #decryptFirst(address: string, ciphertext: Buffer): Promise<Buffer> {
    const message = decodePreKeyMessage(ciphertext)
    const record = this.#load(address) ?? new signal.SessionRecord()
    if (record.getSession(message.baseKey) === undefined) closeOpen(record)
    const parsed = parseAddress(address)
    const builder = new signal.SessionBuilder(this.#storage, parsed)
    const usedPreKey = await builder.initIncoming(record, message)
    const session = record.getSession(message.baseKey)
    if (session === undefined) throw new Error('the first message made no session')
    const cipher = new signal.SessionCipher(this.#storage, parsed)
    const plain = await cipher.doDecryptWhisperMessage(message.message, session)
    this.#sessions.set(address, record.serialize())
    if (usedPreKey !== undefined) this.#preKeys.delete(usedPreKey)
    return plain
  }

  // libsignal's own loop logs sessions and lets a failed try change the record, so each try here
  // gets a copy of its own.
  async #decryptNext(address: string, ciphertext: Buffer): Promise<Buffer> {
    const count = this.#load(address)?.getSessions().length ?? 0
    const cipher = new signal.SessionCipher(this.#storage, parseAddress(address))
    let failure: unknown = new Error('no session with this device')
    for (let index = 0; index < count; index++) {
      const record = this.#load(address)
      const session = record?.getSessions()[index]
      if (record === undefined || session === undefined) break
      try {
        const plain = await cipher.doDecryptWhisperMessage(ciphertext, session)
        this.#sessions.set(address, record.serialize())
        return plain
      } catch (thrown) {
        if (index === 0) failure = thrown
      }
    }
    throw failure
  }

  #load(address: string): SignalRecord | undefined {
    const stored = this.#sessions.get(address)
    return stored === undefined ? undefined : signal.SessionRecord.deserialize(stored)
  }

  #close(address: string, record: SignalRecord | undefined): void {
    if (record === undefined) return
    closeOpen(record)
    this.#sessions.set(address, record.serialize())
  }

  #signed(): ReturnType<typeof signedKeyPair> {
    this.#signedPreKey ??= signedKeyPair(this.identity, 1)
    return this.#signedPreKey
  }

  async #inTurn<T>(address: string, job: () => Promise<T>): Promise<T> {
    const previous = this.#queues.get(address) ?? Promise.resolve()
    const turn = previous.then(job, job)
    this.#queues.set(address, turn)
    try {
      return await turn
    } finally {
      if (this.#queues.get(address) === turn) this.#queues.delete(address)
    }
  }

  #makeStorage(): SignalStorage {
    return {
      loadSession: async (address) => this.#load(address),
      storeSession: async (address, record) => {
        this.#sessions.set(address, record.serialize())
      },
      isTrustedIdentity: () => true,
      loadPreKey: async (id) => {
        const pair = id === undefined ? undefined : this.#preKeys.get(id)
        return pair === undefined ? undefined : signalPair(pair)
      },
      removePreKey: (id) => {
        this.#preKeys.delete(id)
      },
      loadSignedPreKey: () => signalPair(this.#signed().keyPair),
      getOurRegistrationId: () => this.registrationId,
      getOurIdentity: () => signalPair(this.identity),
    }
  }
}

function closeOpen(record: SignalRecord): void {
  const open = record.getOpenSession()
  if (open !== undefined) open.indexInfo.closed = Date.now()
  const closed = Object.entries(record.sessions)
    .filter(([, session]) => session.indexInfo.closed !== -1)
    .toSorted(([, a], [, b]) => b.indexInfo.closed - a.indexInfo.closed)
  for (const [key] of closed.slice(CLOSED_SESSIONS_KEPT)) delete record.sessions[key]
}

function parseAddress(address: string): { toString(): string } {
  const dot = address.lastIndexOf('.')
  return new signal.ProtocolAddress(address.slice(0, dot), Number(address.slice(dot + 1)))
}

function typed(key: Uint8Array): Buffer {
  return Buffer.from(generateSignalPubKey(key))
}

function signalPair(pair: KeyPair): SignalKeyPair {
  return { privKey: Buffer.from(pair.private), pubKey: typed(pair.public) }
}
