import type { ReplicaContext } from '../context.ts'
import { bootPrefix, slotName, slotOf, type BootId } from '../names.ts'
import { readHead } from '../object.ts'
import { isUnreadable } from '../sealer.ts'
import { conditionalWrite } from '../swap.ts'
import { decodeFence, encodeFence } from './fence.ts'
import { readLow } from './low.ts'
import { missing, type SlotReader } from './slots.ts'

/** Slots that are looked at together while the end is sought, at most. */
const WIDEST = 16

/** Names that are listed before an end is believed: those of one request. */
const LOOKED = 1_000

type FencingContext = Pick<
  ReplicaContext,
  'store' | 'sealer' | 'clock' | 'timing' | 'worker' | 'auth' | 'newWriteId'
> & { slots: SlotReader }

/**
 * Rule 6: ends the logs of boots, each once for all sessions that it owned. A fence stands for ever
 * in the slot where the next bundle would have been, so its position never changes once known.
 */
export class Fencing {
  readonly #context: FencingContext
  readonly #positions = new Map<string, Promise<number>>()

  constructor(context: FencingContext) {
    this.#context = context
  }

  /** The fence's slot, placed where there was none; `from`: a slot that the log reached. */
  async end(boot: BootId, from: number): Promise<number> {
    const key = slotName(boot, 0)
    const known = this.#positions.get(key)
    if (known !== undefined) return known
    const seeking = this.#seek(boot, from)
    this.#positions.set(key, seeking)
    try {
      return await seeking
    } catch (error) {
      this.#positions.delete(key)
      throw error
    }
  }

  /**
   * The same for a log of which something is damaged or lost, behind everything that is there: for
   * going back to a backup, when nothing of the log is followed any more. `from` as above.
   */
  async endBehind(boot: BootId, from: number): Promise<number> {
    const prefix = bootPrefix(boot)
    for (;;) {
      let slot = from
      for await (const { name } of this.#context.store.list(prefix))
        slot = Math.max(slot, (slotOf(name.slice(prefix.length)) ?? -1) + 1)
      if (slot > from && (await this.#isFence(boot, slot - 1))) return slot - 1
      if (await this.#place(boot, slot)) return slot
    }
  }

  async #isFence(boot: BootId, slot: number): Promise<boolean> {
    try {
      return (await this.#kindOf(boot, slot)) === 'fence'
    } catch (error) {
      if (isUnreadable(error)) return false
      throw error
    }
  }

  /** A fence was met at this slot, on the way of the boot's own log. */
  note(boot: BootId, slot: number): void {
    this.#positions.set(slotName(boot, 0), Promise.resolve(slot))
  }

  async #seek(boot: BootId, from: number): Promise<number> {
    const { auth } = this.#context
    // Everything below is in this very disk's state: only what was in flight may lie beyond.
    const own = auth.isMine(boot.boot) ? auth.nextSlot(boot.boot) : 0
    let slot = Math.max(from, own)
    if (own === 0) slot = Math.max(slot, (await readLow(this.#context, boot)).low)
    for (;;) {
      const end = await this.#firstWithoutBundle(boot, slot)
      if (!end.fenced && !end.hole && (await this.#goesOn(boot, end.slot))) {
        end.hole = (await this.#kindOf(boot, end.slot)) === 'nothing'
        if (!end.hole) continue
      }
      const placed = !end.fenced && !end.hole && (await this.#place(boot, end.slot))
      if (!end.fenced && !end.hole && !placed) {
        slot = end.slot
        continue
      }
      // The slots up to here may have been collected meanwhile: then the log goes on further up.
      const { low } = await readLow(this.#context, boot)
      if (low > end.slot) slot = low
      else if (!end.hole) return end.slot
      else throw missing(boot, end.slot)
    }
  }

  /** `hole`: there is a bundle behind an empty slot, which no boot ever leaves. */
  async #firstWithoutBundle(
    boot: BootId,
    from: number,
  ): Promise<{ slot: number; fenced: boolean; hole: boolean }> {
    let width = 2
    for (let slot = from; ;) {
      const first = slot
      const reads = Array.from({ length: width }, (_, i) => this.#kindOf(boot, first + i))
      const kinds = await Promise.all(reads)
      const index = kinds.findIndex((kind) => kind !== 'bundle')
      // The last one is only looked at to see a hole before it.
      if (index < 0 || index === width - 1) slot += width - 1
      else {
        slot += index
        const kind = await this.#kindOf(boot, slot)
        const hole = kind === 'nothing' && kinds.includes('bundle', index)
        if (kind !== 'bundle') return { slot, fenced: kind === 'fence', hole }
      }
      width = Math.min(width * 2, WIDEST)
    }
  }

  /**
   * Whether there is anything behind a slot that is empty. What was collected is the beginning of a
   * log, so the first few that are listed tell where `low` was lost and the log seems to end there.
   */
  async #goesOn(boot: BootId, slot: number): Promise<boolean> {
    const prefix = bootPrefix(boot)
    let looked = 0
    for await (const { name } of this.#context.store.list(prefix)) {
      if ((slotOf(name.slice(prefix.length)) ?? -1) > slot) return true
      if (++looked === LOOKED) return false
    }
    return false
  }

  async #kindOf(boot: BootId, slot: number): Promise<'bundle' | 'fence' | 'nothing'> {
    return (await this.#context.slots.read(boot, slot))?.kind ?? 'nothing'
  }

  /** False where something came first. */
  async #place(boot: BootId, slot: number): Promise<boolean> {
    const { store, sealer, clock, timing, worker, auth, newWriteId } = this.#context
    const writeId = newWriteId()
    const name = slotName(boot, slot)
    const fence = { writeId, by: { worker, boot: auth.boot }, at: clock.wall() }
    const outcome = await conditionalWrite(store, clock, timing, {
      name,
      bytes: encodeFence(sealer, boot, slot, fence),
      etag: undefined,
      isOwn: async (bytes) =>
        readHead({ name, kind: 'fence' }, bytes).kind === 'fence' &&
        (await decodeFence(sealer, boot, slot, bytes)).writeId === writeId,
    })
    return outcome.kind === 'stored'
  }
}
