import { createHash } from 'node:crypto'

/** A ciphertext from a gateway device that a contact could not read. */
export interface UndecryptableRecord {
  device: string
  contact: string
  id: string
  reason: string
  attempts: number
  /** A later ciphertext with the same id could be read. */
  recovered: boolean
}

/** Two different ciphertexts made with one message key: the sender's ratchet went back. */
export interface ReusedCounter {
  device: string
  contact: string
  id: string
  counter: number
}

export interface OutboundTotals {
  /** Message stanzas that the server took from devices. */
  received: number
  /** Of them, those whose id the device had used before. */
  duplicates: number
  /** Messages that a contact (not the sender's own phone) could read. */
  decrypted: number
  /** Messages to the sender's own phone that it could read. */
  ownCopies: number
  undecryptable: number
  reusedCounters: number
}

/** Follows what gateway devices send: accepted, decrypted or not, and how their ratchets behave. */
export class OutboundLedger {
  readonly #totals: OutboundTotals = {
    received: 0,
    duplicates: 0,
    decrypted: 0,
    ownCopies: 0,
    undecryptable: 0,
    reusedCounters: 0,
  }
  readonly #ids = new Set<string>()
  readonly #read = new Set<string>()
  readonly #unread = new Map<string, UndecryptableRecord>()
  readonly #digests = new Map<string, string>()
  readonly #reused: ReusedCounter[] = []

  /** A stanza arrived; true when the device had sent this id before. */
  received(device: string, id: string): boolean {
    this.#totals.received += 1
    const key = `${device}/${id}`
    const duplicate = this.#ids.has(key)
    if (duplicate) this.#totals.duplicates += 1
    this.#ids.add(key)
    return duplicate
  }

  /** A contact has read this message; counted once however often it came. */
  decrypted(message: { device: string; contact: string; id: string; own: boolean }): void {
    const key = `${message.device}/${message.contact}/${message.id}`
    const failed = this.#unread.get(key)
    if (failed !== undefined) failed.recovered = true
    if (this.#read.has(key)) return
    this.#read.add(key)
    if (message.own) this.#totals.ownCopies += 1
    else this.#totals.decrypted += 1
  }

  wasDecrypted(device: string, contact: string, id: string): boolean {
    return this.#read.has(`${device}/${contact}/${id}`)
  }

  /** A contact could not read this; returns how often that happened to this message. */
  undecryptable(message: { device: string; contact: string; id: string; reason: string }): number {
    this.#totals.undecryptable += 1
    const key = `${message.device}/${message.contact}/${message.id}`
    const record = this.#unread.get(key) ?? { ...message, attempts: 0, recovered: false }
    record.attempts += 1
    this.#unread.set(key, record)
    return record.attempts
  }

  /** Notes which message key a ciphertext used, and finds one used for other bytes before. */
  ratchet(
    message: { device: string; contact: string; id: string },
    step: { ratchetKey: Uint8Array; counter: number; bytes: Uint8Array },
  ): void {
    const key = `${message.device}/${message.contact}/${hex(step.ratchetKey)}/${step.counter}`
    const digest = createHash('sha256').update(step.bytes).digest('base64').slice(0, 16)
    const before = this.#digests.get(key)
    if (before === undefined) this.#digests.set(key, digest)
    else if (before !== digest) {
      this.#totals.reusedCounters += 1
      this.#reused.push({ ...message, counter: step.counter })
    }
  }

  report(): {
    totals: OutboundTotals
    unread: UndecryptableRecord[]
    reused: ReusedCounter[]
  } {
    return {
      totals: { ...this.#totals },
      unread: [...this.#unread.values()].map((record) => ({ ...record })),
      reused: this.#reused.map((record) => ({ ...record })),
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
