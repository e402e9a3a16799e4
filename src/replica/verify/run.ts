import type { ReplicaContext } from '../context.ts'
import { readLow } from '../log/low.ts'
import { SlotReader, type Slot } from '../log/slots.ts'
import { bootPrefix, lowName, slotOf, type BootId } from '../names.ts'
import type { LogRange } from '../owner.ts'
import type { DataSample } from './port.ts'
import { Budget } from './budget.ts'
import { faultOf, type Fault } from './finding.ts'
import { inSample } from './sample.ts'
import { SlotSet } from './slot-set.ts'

/** Objects of which a run remembers that it told of them. */
const REMEMBERED = 100_000

/** Bytes of bundles, as stored, that are kept for sessions whose newest changes stand in the same. */
const KEPT_BYTES = 16 * 1024 * 1024

/** Bytes of snapshots, as stored, that are read at the same time; in memory it is four times as much. */
const SNAPSHOT_BYTES = 32 * 1024 * 1024

/**
 * What one verification has read. Its slots come from the store, not from what the worker remembers.
 */
export class VerifyRun {
  readonly context: ReplicaContext
  /** For the snapshots that are in memory. */
  readonly memory = new Budget(SNAPSHOT_BYTES)
  readonly #slots: SlotReader
  readonly #sound = new SlotSet()
  readonly #reaches = new Map<string, Promise<number>>()
  readonly #lows = new Map<string, number>()
  readonly #named = new Map<string, number>()
  readonly #told = new Set<string>()

  readonly #sample: DataSample | undefined
  readonly #withPast: boolean

  /** `data`: also of log that only the past needs; a sample: of that part alone. */
  constructor(context: ReplicaContext, data: boolean | DataSample) {
    this.context = context
    this.#sample = typeof data === 'object' ? data : undefined
    this.#withPast = data !== false
    this.#slots = new SlotReader(context.store, context.sealer, KEPT_BYTES)
  }

  /** Undefined where the slot is empty. Throws `replica.damaged` naming the object. */
  async readSlot(boot: BootId, slot: number): Promise<Slot | undefined> {
    const found = await this.#slots.read(boot, slot)
    if (found?.kind === 'bundle') this.#sound.add(boot, slot)
    return found
  }

  /** True where the slot is known to hold a bundle that says nothing of the session. */
  lacks(boot: BootId, slot: number, sessionId: string): boolean {
    return this.#slots.lacks(boot, slot, sessionId)
  }

  /** True where the slot was read and holds a sound bundle. */
  isSound(boot: BootId, slot: number): boolean {
    return this.#sound.has(boot, slot)
  }

  /**
   * The log of a boot reaches at least to here (exclusive): something was seen further on, or this
   * disk knows that it was stored. Known before any slot is read, so a slot below that is absent
   * then and not collected is gone.
   */
  reach(boot: BootId, signal: AbortSignal | undefined): Promise<number> {
    const key = bootPrefix(boot)
    const reach = this.#reaches.get(key) ?? this.#seek(boot, signal)
    this.#reaches.set(key, reach)
    return reach
  }

  async #seek(boot: BootId, signal: AbortSignal | undefined): Promise<number> {
    const { auth, store } = this.context
    let reach = auth.isMine(boot.boot) ? auth.nextSlot(boot.boot) : 0
    const prefix = bootPrefix(boot)
    for await (const { name } of store.list(prefix, signal && { signal })) {
      const slot = slotOf(name.slice(prefix.length))
      if (slot !== undefined) reach = Math.max(reach, slot + 1)
    }
    return reach
  }

  /**
   * The first slot that must be there, or what is wrong with the object that says so. It only grows:
   * one beyond `slot` that was read before is good enough.
   */
  async low(boot: BootId, slot: number, signal: AbortSignal | undefined): Promise<number | Fault> {
    const key = bootPrefix(boot)
    const known = this.#lows.get(key)
    if (known !== undefined && known > slot) return known
    try {
      const { low } = await readLow(this.context, boot, signal && { signal })
      this.#lows.set(key, low)
      return low
    } catch (error) {
      return faultOf(lowName(boot), error)
    }
  }

  /** Remembers from where on owner records name the logs of these ranges. */
  noteNamed(ranges: readonly LogRange[]): void {
    for (const range of ranges) {
      const key = bootPrefix(range)
      this.#named.set(key, Math.min(range.from, this.#named.get(key) ?? Infinity))
    }
  }

  /** The first slot of a boot's log that an owner record named so far; Infinity where none did. */
  firstNamed(boot: BootId): number {
    return this.#named.get(bootPrefix(boot)) ?? Infinity
  }

  /** Whether the data of this session or object is to be read. */
  reads(name: string): boolean {
    return this.#sample === undefined || inSample(this.#sample, name)
  }

  /** Whether the log that only moments in the past need is to be read. */
  readsPast(sessionId: string): boolean {
    return this.#withPast && this.reads(sessionId)
  }

  /** Remembers that an object was told of. */
  tell(object: string): void {
    if (this.#told.size < REMEMBERED) this.#told.add(object)
  }

  wasTold(object: string): boolean {
    return this.#told.has(object)
  }
}
