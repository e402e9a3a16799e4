import type { ReplicaContext } from '../context.ts'
import { readLow } from '../log/low.ts'
import { SlotReader } from '../log/slots.ts'
import { bootPrefix, lowName, slotOf, type BootId } from '../names.ts'
import type { DataSample } from './port.ts'
import { faultOf, type Fault } from './finding.ts'
import { inSample } from './sample.ts'

/** Objects of which a run remembers that it told of them. */
const REMEMBERED = 100_000

/**
 * What one verification has read. Its slots come from the store, not from what the worker remembers,
 * each once while there is room for them.
 */
export class VerifyRun {
  readonly context: ReplicaContext
  readonly slots: SlotReader
  readonly #reaches = new Map<string, Promise<number>>()
  readonly #lows = new Map<string, number>()
  readonly #told = new Set<string>()

  readonly #sample: DataSample | undefined
  readonly #withPast: boolean

  /** `data`: also of log that only the past needs; a sample: of that part alone. */
  constructor(context: ReplicaContext, data: boolean | DataSample) {
    this.context = context
    this.#sample = typeof data === 'object' ? data : undefined
    this.#withPast = data !== false
    this.slots = new SlotReader(context.store, context.sealer)
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
