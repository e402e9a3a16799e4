import type { SignalKeyStore } from '@whiskeysockets/baileys'
import { MEMO_TYPE } from '../../session/own-type.ts'

/** A message that was decrypted, as it is stored. */
interface Slot {
  n: number
  digest: string
  plaintext: Uint8Array
}

export interface RingLimits {
  /** Messages remembered at most. */
  slots: number
  /** Bytes of plaintext remembered at most; the newest message is kept whatever its size. */
  bytes: number
}

/** WhatsApp redelivers what has no receipt: seldom more than a few messages. */
const LIMITS: RingLimits = { slots: 1024, bytes: 16 * 1024 * 1024 }

const WINDOW = 'window'

type Values = Record<string, unknown>
/** The key store as the ring uses it: with a type of its own that Baileys' types don't know. */
interface OwnKeys {
  get(type: string, ids: string[]): Values | Promise<Values>
}

/**
 * Plaintexts of a session's newest messages, each until its receipt is known to have arrived.
 *
 * Entries of type `wa-gateway-memo`: slot `n % slots` holds message number n, and `window` holds
 * {low, next}, the numbers that may be remembered, so that opening a session reads only those.
 * Everything is written by changes that are made anyway: the message's own ratchet step carries
 * its plaintext and deletes what was freed before.
 *
 * Beyond the limits the oldest are forgotten. A message that is forgotten, committed and never
 * acknowledged would be lost when it comes again: more than 1,024 messages, or 16 MiB, would have
 * to be without a receipt at once.
 */
export class MemoRing {
  readonly #keys: OwnKeys
  readonly #limits: RingLimits
  readonly #numbers = new Map<string, number>()
  /** By number, oldest first. */
  readonly #live = new Map<number, { digest: string; bytes: number }>()
  readonly #freed = new Set<number>()
  #bytes = 0
  #low = 0
  #next = 0
  #loaded: Promise<void> | undefined

  constructor(keys: SignalKeyStore, limits: RingLimits = LIMITS) {
    this.#keys = keys
    this.#limits = limits
  }

  /** The plaintext of a message that was decrypted before. */
  async find(digest: string): Promise<Uint8Array | undefined> {
    await (this.#loaded ??= this.#load())
    const n = this.#numbers.get(digest)
    if (n === undefined) return undefined
    const [slot] = await this.#read([n])
    return slot?.plaintext
  }

  /** The message's receipt has arrived: the next change that is made anyway deletes it. */
  free(digest: string): void {
    const n = this.#numbers.get(digest)
    if (n !== undefined) this.#freed.add(n)
  }

  /** The entries that remember these plaintexts. Whoever asks must store them before it asks again. */
  remember(plaintexts: Record<string, Uint8Array>): Record<string, Slot | Values | null> {
    const entries: Record<string, Slot | Values | null> = {}
    const forget = (n: number) => {
      const { digest, bytes } = this.#live.get(n) ?? { digest: '', bytes: 0 }
      this.#live.delete(n)
      this.#freed.delete(n)
      this.#numbers.delete(digest)
      this.#bytes -= bytes
      entries[this.#slotOf(n)] = null
    }
    for (const n of this.#freed) forget(n)
    for (const [digest, plaintext] of Object.entries(plaintexts)) {
      const n = this.#next++
      for (const oldest of this.#live.keys()) {
        const fits = this.#bytes + plaintext.length <= this.#limits.bytes
        if (fits && oldest > n - this.#limits.slots) break
        forget(oldest)
      }
      this.#live.set(n, { digest, bytes: plaintext.length })
      this.#numbers.set(digest, n)
      this.#bytes += plaintext.length
      entries[this.#slotOf(n)] = { n, digest, plaintext }
    }
    this.#low = this.#live.keys().next().value ?? this.#next
    return { ...entries, [WINDOW]: { low: this.#low, next: this.#next } }
  }

  async #load(): Promise<void> {
    const { [WINDOW]: window } = await this.#keys.get(MEMO_TYPE, [WINDOW])
    if (window === undefined) return
    const { low, next } = window as { low: number; next: number }
    this.#low = low
    this.#next = next
    const numbers = Array.from({ length: next - low }, (_, i) => low + i)
    for (const { n, digest, plaintext } of await this.#read(numbers)) {
      this.#live.set(n, { digest, bytes: plaintext.length })
      this.#numbers.set(digest, n)
      this.#bytes += plaintext.length
    }
  }

  async #read(numbers: number[]): Promise<Slot[]> {
    if (numbers.length === 0) return []
    const found = await this.#keys.get(
      MEMO_TYPE,
      numbers.map((n) => this.#slotOf(n)),
    )
    return numbers.flatMap((n) => {
      const slot = found[this.#slotOf(n)] as Slot | undefined
      return slot?.n === n ? [slot] : []
    })
  }

  #slotOf(n: number): string {
    return String(n % this.#limits.slots)
  }
}
