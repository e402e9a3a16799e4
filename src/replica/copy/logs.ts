import { KeyedLock } from '../keyed-lock.ts'
import { readLow, swapLow, type KnownLow } from '../log/low.ts'
import { missing } from '../log/slots.ts'
import { bootPrefix, lowName, slotName, slotOf, type BootId } from '../names.ts'
import { readHead } from '../object.ts'
import { usedThere } from './lineage.ts'
import { isUnreadable } from '../sealer.ts'
import { carry, within, type CopyContext } from './site.ts'

/** Slots that are copied together. */
const AHEAD = 16

/** How far the log of one boot was copied: every slot from `low` to `next` is at the destination. */
interface Reached {
  /** The first slot that must be at the source, as last read. */
  sourceLow: number
  low: KnownLow
  next: number
  /** A fence was met: nothing follows. */
  ended: boolean
  /** Slots that were there before. */
  readonly there: ReadonlySet<number>
}

interface Stretch {
  needed: number
  /** Null: the log's present end. */
  to: number | null
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
   * Copies a boot's log up to a slot (exclusive), or to its present end; returns how far it came.
   * What was collected at the source before it could be copied is below `low` at the destination too.
   * What is damaged or lost before the slot `needed` is passed over.
   */
  upTo({ worker, boot }: BootId, { needed, to }: Stretch): Promise<number> {
    const id = { worker, boot }
    const key = bootPrefix(id)
    return this.#lock.run(key, async () => {
      const reached = this.#reached.get(key)?.reached ?? (await this.#begin(id))
      this.#reached.set(key, { boot: id, reached })
      for (let more = true; more && !reached.ended && reached.next < (to ?? Infinity);)
        more = await this.#further(id, reached, { needed, to })
      return Math.min(reached.next, to ?? Infinity)
    })
  }

  /** Raises `low` at the destination to where the source has it, once no record there needs more. */
  async settle(): Promise<{ boot: BootId; low: number }[]> {
    const lows: { boot: BootId; low: number }[] = []
    for (const { boot, reached } of this.#reached.values()) {
      await this.#raise(boot, reached, reached.sourceLow)
      lows.push({ boot, low: reached.low.low })
    }
    return lows
  }

  async #begin(boot: BootId): Promise<Reached> {
    const { from, to } = this.#context
    const { low: sourceLow } = await readLow(from, boot, within(this.#context))
    const low = await readLow(to, boot, within(this.#context))
    const there = new Set<number>()
    const prefix = bootPrefix(boot)
    for await (const { name } of to.store.list(prefix, within(this.#context))) {
      const slot = slotOf(name.slice(prefix.length))
      if (slot !== undefined) there.add(slot)
    }
    const reached = { sourceLow, low, next: sourceLow, ended: false, there }
    let whole = low.low
    while (whole < sourceLow && there.has(whole)) whole++
    if (whole < sourceLow) await this.#raise(boot, reached, sourceLow)
    return reached
  }

  async #raise(boot: BootId, reached: Reached, low: number): Promise<void> {
    if (low <= reached.low.low) return
    const { to, clock, timing } = this.#context
    const context = { ...to, clock, timing, newWriteId: () => crypto.randomUUID() }
    const options = within(this.#context)
    if (!(await swapLow(context, boot, low, reached.low, options)))
      throw usedThere(lowName(boot), to.store.label)
    reached.low = await readLow(to, boot, options)
  }

  /** The next few slots; false where the log ends for now. */
  async #further(boot: BootId, reached: Reached, stretch: Stretch): Promise<boolean> {
    const { needed, to } = stretch
    this.#context.signal?.throwIfAborted()
    const width = Math.min(AHEAD, (to ?? Infinity) - reached.next)
    const slots = Array.from({ length: width }, (_, i) => reached.next + i)
    const found = await Promise.all(
      slots.map((slot) => this.#copy(boot, slot, { ...reached, needed })),
    )
    for (const [index, kind] of found.entries()) {
      const slot = slots[index] ?? 0
      if (kind === 'bundle') reached.next = slot + 1
      else return this.#notBundle(boot, slot, reached, { ...stretch, kind })
    }
    return true
  }

  /** Collected at the source, or the end of the log; anything else is damage. */
  async #notBundle(
    boot: BootId,
    slot: number,
    reached: Reached,
    { needed, to, kind }: Stretch & { kind: 'fence' | 'nothing' },
  ): Promise<boolean> {
    const { low } = await readLow(this.#context.from, boot, within(this.#context))
    if (low > slot) {
      await this.#raise(boot, reached, low)
      reached.sourceLow = low
      reached.next = low
      return true
    }
    if (slot < needed) {
      reached.next = slot + 1
      return true
    }
    if (to !== null) throw missing(boot, slot)
    reached.ended = kind === 'fence'
    return false
  }

  async #copy(
    boot: BootId,
    slot: number,
    { there, needed }: Pick<Reached, 'there'> & Pick<Stretch, 'needed'>,
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
    try {
      const kind = kindOf(name, object.bytes)
      await carry(this.#context, { name, kind }, object.bytes)
      return kind
    } catch (error) {
      if (slot >= needed || !isUnreadable(error)) throw error
      return 'nothing'
    }
  }
}

function kindOf(name: string, bytes: Uint8Array): 'bundle' | 'fence' {
  return readHead({ name, kind: 'bundle' }, bytes).kind === 'fence' ? 'fence' : 'bundle'
}
