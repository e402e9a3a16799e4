import { Mailbox } from './mailbox.ts'
import { fromBytes, node, requireBytes, SERVER, stanzaTime, type Node } from './nodes.ts'
import type { SignalBundle } from './signal.ts'

const LOW_PRE_KEYS = 5
const KEY_TYPE = Buffer.from([5])

/** A device's way to its client while it is connected. */
export interface Line {
  send(stanza: Node): void
  /** Sends a last stanza, then closes. */
  sendAndClose(stanza: Node): void
  terminate(): void
}

export interface DeviceKeys {
  /** The client's Noise static key: what a login is recognised by. */
  noise: Buffer
  identity: Buffer
  registrationId: number
  signedPreKey: { keyId: number; publicKey: Buffer; signature: Buffer }
}

export interface DeviceAddress {
  /** The account's phone number. */
  user: string
  lid: string
  /** The number that the phone gave this companion, from 1. */
  number: number
}

/** A message before encryption. */
export interface PlainMessage {
  /** The encoded and padded content. */
  content: Buffer
  /** The stanza's attributes beside id, sender and time. */
  attrs: Record<string, string>
}

/** A companion device that a phone linked: its public keys, its mailbox, its connection. */
export class Device {
  readonly user: string
  readonly number: number
  /** `user:number`, as ledger and errors call it. */
  readonly name: string
  readonly jid: string
  readonly lidJid: string
  readonly keys: DeviceKeys
  /** One-time public keys by id, as binary strings: half the weight of small buffers. */
  readonly preKeys = new Map<number, string>()
  readonly mailbox = new Mailbox()
  /** Phones' unacknowledged messages by id, in case they have to be encrypted again. */
  readonly plain = new Map<string, PlainMessage>()
  /** Whose LID this device has been told. */
  readonly knownLids = new Set<string>()
  /** Ids whose retry receipt came, and whose refusal follows and means nothing more. */
  readonly awaitedRefusals = new Set<string>()
  /** The logged-in connection, if any. */
  line: Line | undefined
  unlinked = false
  /** The phone has told it that there is no history to wait for. */
  historySent = false
  #lowPreKeysTold = false

  constructor(address: DeviceAddress, keys: DeviceKeys) {
    this.user = address.user
    this.number = address.number
    this.name = `${address.user}:${address.number}`
    this.jid = `${this.name}@s.whatsapp.net`
    this.lidJid = `${address.lid}:${address.number}@lid`
    this.keys = keys
  }

  /** Where contacts' Signal sessions with this device are kept under. */
  get signalAddress(): string {
    return `${this.user}.${this.number}`
  }

  get online(): boolean {
    return this.line !== undefined
  }

  /** Puts a stanza into the mailbox and sends it if the device is connected. */
  deliver(key: string, stanza: Node): boolean {
    this.mailbox.put(key, stanza)
    if (this.line === undefined) return false
    this.line.send(stanza)
    return true
  }

  /** Stores a `<list>` of uploaded one-time keys and the signed one beside it. */
  storeKeys(list: readonly Node[], signed: Node | undefined): void {
    for (const key of list) {
      const publicKey = requireBytes(key, 'value').toString('latin1')
      this.preKeys.set(fromBytes(requireBytes(key, 'id')), publicKey)
    }
    if (signed !== undefined) this.rotateSignedPreKey(signed)
    if (this.preKeys.size >= LOW_PRE_KEYS) this.#lowPreKeysTold = false
  }

  rotateSignedPreKey(signed: Node): void {
    this.keys.signedPreKey = {
      keyId: fromBytes(requireBytes(signed, 'id')),
      publicKey: requireBytes(signed, 'value'),
      signature: requireBytes(signed, 'signature'),
    }
  }

  /** A bundle for a sender; uses up one one-time key, or has none when they have run out. */
  takeBundle(): SignalBundle {
    const next = this.preKeys.entries().next()
    const bundle: SignalBundle = {
      registrationId: this.keys.registrationId,
      identityKey: typed(this.keys.identity),
      signedPreKey: {
        ...this.keys.signedPreKey,
        publicKey: typed(this.keys.signedPreKey.publicKey),
      },
    }
    if (next.done !== true) {
      const [keyId, publicKey] = next.value
      this.preKeys.delete(keyId)
      bundle.preKey = { keyId, publicKey: typed(Buffer.from(publicKey, 'latin1')) }
    }
    this.#tellLowPreKeys()
    return bundle
  }

  #tellLowPreKeys(): void {
    if (this.preKeys.size >= LOW_PRE_KEYS || this.#lowPreKeysTold) return
    if (this.line === undefined) return
    this.#lowPreKeysTold = true
    const count = node('count', { value: String(this.preKeys.size) })
    const attrs = { from: SERVER, type: 'encrypt', id: `low-${stanzaTime()}`, t: stanzaTime() }
    this.line.send(node('notification', attrs, [count]))
  }
}

function typed(key: Buffer): Buffer {
  return key.length === 33 ? key : Buffer.concat([KEY_TYPE, key])
}
