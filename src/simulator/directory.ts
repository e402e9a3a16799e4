import { jidDecode } from '@whiskeysockets/baileys'
import { EventEmitter } from 'node:events'
import type { Device } from './device.ts'
import { Endpoint } from './endpoint.ts'

/** A message that arrived on a person's phone. */
export interface ReceivedMessage {
  id: string
  /** The sending device's address. */
  from: string
  /** The text, or undefined for a message of another kind. */
  text: string | undefined
  /** The name of the message's first field, for example `conversation`. */
  kind: string
  /** Milliseconds since the epoch. */
  at: number
}

/** A receipt that a device sent for a person's message. */
export interface ReceivedReceipt {
  id: string
  from: string
  /** '' for plain delivery, or 'inactive', 'read', 'sender', 'retry'. */
  type: string
  at: number
}

/** A person: a phone number, the phone with its Signal keys, and the devices linked to it. */
export class Person {
  readonly user: string
  readonly lid: string
  readonly jid: string
  readonly lidJid: string
  readonly devices = new Map<number, Device>()
  readonly inbox: ReceivedMessage[] = []
  readonly receipts: ReceivedReceipt[] = []
  readonly events = new EventEmitter<{ message: [ReceivedMessage]; receipt: [ReceivedReceipt] }>()
  nextDevice = 1
  #endpoint: Endpoint | undefined

  constructor(user: string) {
    this.user = user
    this.lid = `9000${user}`
    this.jid = `${user}@s.whatsapp.net`
    this.lidJid = `${this.lid}@lid`
    this.events.setMaxListeners(0)
  }

  /** The phone's keys, made when first needed. */
  get endpoint(): Endpoint {
    this.#endpoint ??= new Endpoint()
    return this.#endpoint
  }

  receive(message: ReceivedMessage): void {
    this.inbox.push(message)
    this.events.emit('message', message)
  }

  receiveReceipt(receipt: ReceivedReceipt): void {
    this.receipts.push(receipt)
    this.events.emit('receipt', receipt)
  }
}

/** Everybody, by phone number and by LID. */
export class Directory {
  readonly #byUser = new Map<string, Person>()
  readonly #byLid = new Map<string, Person>()

  /** The person with this number; made on first mention. */
  person(user: string): Person {
    const known = this.#byUser.get(user)
    if (known !== undefined) return known
    const person = new Person(user)
    this.#byUser.set(user, person)
    this.#byLid.set(person.lid, person)
    return person
  }

  known(user: string): Person | undefined {
    return this.#byUser.get(user)
  }

  /** Who an address means, and which device of theirs (0: the phone). */
  find(jid: string): { person: Person; device: number } | undefined {
    const decoded = jidDecode(jid)
    if (decoded === undefined) return undefined
    const device = decoded.device ?? 0
    if (decoded.server === 'lid') {
      const person = this.#byLid.get(decoded.user)
      return person === undefined ? undefined : { person, device }
    }
    if (decoded.server !== 's.whatsapp.net') return undefined
    return { person: this.person(decoded.user), device }
  }

  *people(): IterableIterator<Person> {
    yield* this.#byUser.values()
  }

  *devices(): IterableIterator<Device> {
    for (const person of this.#byUser.values()) yield* person.devices.values()
  }
}
