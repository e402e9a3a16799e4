import { randomBytes } from 'node:crypto'

import type { ShippedEnd } from './port.ts'
import type { SessionHead } from './heads.ts'
import type { Opened, Writer } from './writer.ts'

/** The boots that this state.db minted, and how far the log of each is known to be stored. */
export class Boots {
  readonly #writer: Writer
  /** The next slot of each. */
  readonly #slots: Map<string, number>
  #current: string

  constructor({ boots, boot }: Pick<Opened, 'boots' | 'boot'>, writer: Writer) {
    this.#writer = writer
    this.#slots = new Map(boots.map(({ boot: minted, nextSlot }) => [minted, nextSlot]))
    this.#current = boot
  }

  get current(): string {
    return this.#current
  }

  async renew(): Promise<string> {
    const boot = randomBytes(16).toString('hex')
    const minted = { boot, minted: Date.now(), nextSlot: 0 }
    await this.#writer.submit({ kind: 'boot', boot: minted })
    this.#slots.set(boot, 0)
    this.#current = boot
    return boot
  }

  isMine(boot: string): boolean {
    return this.#slots.has(boot)
  }

  /** Throws RangeError for a boot that is not of this file. */
  nextSlot(boot: string): number {
    const slot = this.#slots.get(boot)
    if (slot === undefined) throw new RangeError(`boot ${boot} was not minted here`)
    return slot
  }

  /** The slot and the ends become stored in one transaction; unknown sessions are passed over. */
  async shipped(
    boot: string,
    slot: number,
    ends: readonly ShippedEnd[],
    heads: ReadonlyMap<string, SessionHead>,
  ): Promise<void> {
    const next = this.nextSlot(boot)
    if (slot > next) throw new RangeError(`slot ${slot} of boot ${boot} comes before slot ${next}`)
    const known = ends.flatMap(({ sessionId, seq, hash }) => {
      const head = heads.get(sessionId)
      return head === undefined ? [] : [{ n: head.n, seq, hash }]
    })
    await this.#writer.submit({ kind: 'shipped', boot, slot, ends: known })
    this.#slots.set(boot, Math.max(this.nextSlot(boot), slot + 1))
  }
}
