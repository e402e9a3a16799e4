import { createRequire } from 'node:module'

/**
 * The parts of libsignal that the simulator uses, typed. The library is loaded as Baileys sees it,
 * so that both speak the same version, and its own logging paths (which print whole sessions) are
 * gone around: see endpoint.ts.
 */
interface SignalSession {
  indexInfo: { closed: number; baseKey: Buffer; remoteIdentityKey: Buffer }
}

export interface SignalRecord {
  sessions: Record<string, SignalSession>
  getOpenSession(): SignalSession | undefined
  getSession(baseKey: Buffer): SignalSession | undefined
  /** Most recently used first. */
  getSessions(): SignalSession[]
  serialize(): unknown
}

export interface SignalKeyPair {
  privKey: Buffer
  /** 33 bytes, with the type in front. */
  pubKey: Buffer
}

export interface SignalStorage {
  loadSession(address: string): Promise<SignalRecord | undefined>
  storeSession(address: string, record: SignalRecord): Promise<void>
  isTrustedIdentity(): boolean
  loadPreKey(id: number | undefined): Promise<SignalKeyPair | undefined>
  removePreKey(id: number): void
  loadSignedPreKey(): SignalKeyPair
  getOurRegistrationId(): number
  getOurIdentity(): SignalKeyPair
}

/** Public keys of another device, 33 bytes each, from which a session begins. */
export interface SignalBundle {
  registrationId: number
  identityKey: Buffer
  signedPreKey: { keyId: number; publicKey: Buffer; signature: Buffer }
  preKey?: { keyId: number; publicKey: Buffer }
}

export interface PreKeyMessage {
  registrationId: number
  preKeyId: number
  signedPreKeyId: number
  baseKey: Buffer
  identityKey: Buffer
  message: Buffer
}

export interface WhisperMessage {
  ephemeralKey: Buffer
  counter: number
}

interface Address {
  toString(): string
}

interface Library {
  ProtocolAddress: new (name: string, device: number) => Address
  SessionRecord: { new (): SignalRecord; deserialize(data: unknown): SignalRecord }
  SessionBuilder: new (
    storage: SignalStorage,
    address: Address,
  ) => {
    initOutgoing(bundle: SignalBundle): Promise<void>
    initIncoming(record: SignalRecord, message: PreKeyMessage): Promise<number | undefined>
  }
  SessionCipher: new (
    storage: SignalStorage,
    address: Address,
  ) => {
    encrypt(data: Buffer): Promise<{ type: number; body: Uint8Array }>
    doDecryptWhisperMessage(data: Buffer, session: SignalSession): Promise<Buffer>
  }
}

interface Messages {
  PreKeyWhisperMessage: { decode(data: Uint8Array): PreKeyMessage }
  WhisperMessage: { decode(data: Uint8Array): WhisperMessage }
}

const requireHere = createRequire(import.meta.url)
const requireLikeBaileys = createRequire(requireHere.resolve('@whiskeysockets/baileys'))

export const signal = requireLikeBaileys('libsignal') as Library

const messages = requireLikeBaileys('libsignal/src/protobufs.js') as Messages
const VERSION_BYTES = 1
const MAC_BYTES = 8

export function decodePreKeyMessage(ciphertext: Buffer): PreKeyMessage {
  return messages.PreKeyWhisperMessage.decode(ciphertext.subarray(VERSION_BYTES))
}

/** The ratchet key and counter that a ciphertext was made with. */
export function decodeWhisperMessage(ciphertext: Buffer): WhisperMessage {
  return messages.WhisperMessage.decode(ciphertext.subarray(VERSION_BYTES, -MAC_BYTES))
}
