import { KeyedLock } from '../keyed-lock.ts'
import { readLow, swapLow } from '../log/low.ts'
import { missing } from '../log/slots.ts'
import { bootPrefix, slotName, slotOf, type BootId } from '../names.ts'
import { readHead } from '../object.ts'
import { carry, within, type CopyContext } from './site.ts'

/** Slots that are copied together. */
const AHEAD = 16

/** What is at the destination of one boot's log: the slots from `floor` to `next`, without a hole. */
interface Reached {
  floor: number
  next: number
  /** A fence was met: nothing follows. */
  ended: boolean
  /** Slots that were there before. */
  readonly there: ReadonlySet<number>
}

/** Copies the logs of boots, each slot once for all sessions that it mentions. */
export class LogCopier {
  readonly #context: CopyContext
  readonly #lock = new KeyedLock()
  readonly #reached = new Map<string, { boot: BootId; reached: Reached }>()

  constructor(context: CopyContext) {
    this.#context = context
  }

  /**
   * Copies a boot's log up to a slot (exclusive), or to its present end. Returns from where to where
   * it is at the destination: what is below `from` was of no use to any session at the source.
   */
  upTo({ worker, boot }: BootId, to: number | null): Promise<{ from: number; to: number }> {
    const id = { worker, boot }
    const key = bootPrefix(id)
    return this.#lock.run(key, async () => {
      const reached = this.#reached.get(key)?.reached ?? (await this.#begin(id))
      this.#reached.set(key, { boot: id, reached })
      for (let more = true; more && !reached.ended && reached.next < (to ?? Infinity);)
        more = await this.#further(id, reached, to)
      return { from: reached.floor, to: Math.min(reached.next, to ?? Infinity) }
    })
  }

  /**
   * Raises `low` at the destination where the log there has a hole that the source no longer fills,
   * and with `everything` to where the source has it. Only once no record at the destination needs
   * what is below.
   */
  async settle(everything: boolean): Promise<{ boot: BootId; low: number }[]> {
    const lows: { boot: BootId; low: number }[] = []
    const { to, clock, timing } = this.#context
    for (const { boot, reached } of this.#reached.values()) {
      const { there, floor } = reached
      const gap = Array.from({ length: AHEAD }, (_, i) => floor - 1 - i).some(
        (slot) => slot >= 0 && !there.has(slot),
      )
      const known = await readLow(to, boot, within(this.#context))
      let { low } = known
      if (floor > low && (gap || everything)) {
        const context = { ...to, clock, timing, newWriteId: () => crypto.randomUUID() }
        const raised = await swapLow(context, boot, floor, known, within(this.#context))
        if (raised) low = floor
      }
      lows.push({ boot, low })
    }
    return lows
  }

  async #begin(boot: BootId): Promise<Reached> {
    const { from, to } = this.#context
    const { low } = await readLow(from, boot, within(this.#context))
    const there = new Set<number>()
    const prefix = bootPrefix(boot)
    for await (const { name } of to.store.list(prefix, within(this.#context))) {
      const slot = slotOf(name.slice(prefix.length))
      if (slot !== undefined) there.add(slot)
    }
    return { floor: low, next: low, ended: false, there }
  }

  /** The next few slots; false where the log ends for now. */
  async #further(boot: BootId, reached: Reached, to: number | null): Promise<boolean> {
    this.#context.signal?.throwIfAborted()
    const width = Math.min(AHEAD, (to ?? Infinity) - reached.next)
    const slots = Array.from({ length: width }, (_, i) => reached.next + i)
    const found = await Promise.all(slots.map((slot) => this.#copy(boot, slot, reached.there)))
    for (const [index, kind] of found.entries()) {
      const slot = slots[index] ?? 0
      if (kind === 'bundle') reached.next = slot + 1
      else return this.#notBundle(boot, slot, reached, { to, kind })
    }
    return true
  }

  /** Collected at the source, or the end of the log; anything else is damage. */
  async #notBundle(
    boot: BootId,
    slot: number,
    reached: Reached,
    { to, kind }: { to: number | null; kind: 'fence' | 'nothing' },
  ): Promise<boolean> {
    const { low } = await readLow(this.#context.from, boot, within(this.#context))
    if (low > slot) {
      reached.floor = low
      reached.next = low
      return true
    }
    if (to !== null) throw missing(boot, slot)
    reached.ended = kind === 'fence'
    return false
  }

  async #copy(
    boot: BootId,
    slot: number,
    there: ReadonlySet<number>,
  ): Promise<'bundle' | 'fence' | 'nothing'> {
    const { from, to, trustNames } = this.#context
    const name = slotName(boot, slot)
    if (trustNames && there.has(slot)) {
      // A fence stands behind all bundles.
      if (there.has(slot + 1)) return 'bundle'
      const copied = await to.store.get(name, within(this.#context))
      if (copied !== undefined) return kindOf(name, copied.bytes)
    }
    const object = await from.store.get(name, within(this.#context))
    if (object === undefined) return 'nothing'
    const kind = kindOf(name, object.bytes)
    await carry(this.#context, { name, kind }, object.bytes)
    return kind
  }
}

function kindOf(name: string, bytes: Uint8Array): 'bundle' | 'fence' {
  return readHead({ name, kind: 'bundle' }, bytes).kind === 'fence' ? 'fence' : 'bundle'
}
