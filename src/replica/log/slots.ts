import type { ObjectStore } from '../../store/port.ts'
import { lowName, slotName, type BootId } from '../names.ts'
import { damaged, readHead, type ObjectAddress } from '../object.ts'
import type { Sealer } from '../sealer.ts'
import { decodeBundle, type LogEntry } from './bundle.ts'
import { decodeFence } from './fence.ts'

/** What stands in a slot of a log. */
export type Slot =
  | {
      kind: 'bundle'
      writeId: string
      /** Milliseconds since the epoch. */
      at: number
      /** Each mentioned session's changes, in the order of the bundle. */
      sessions: ReadonlyMap<string, readonly LogEntry[]>
    }
  | { kind: 'fence' }

/** Bytes of bundles, as stored, that are kept decoded. */
const LIMIT = 64 * 1024 * 1024
/** Mentions of sessions that are remembered beyond that. */
const MENTIONS = 1_000_000

/**
 * Reads slots, each once for everybody who wants it at the same time. What a slot holds never
 * changes, so it is kept as long as there is room; which sessions a bundle mentions is remembered
 * longer, so that a restore fetches only the bundles that it needs.
 */
export class SlotReader {
  readonly #store: ObjectStore
  readonly #sealer: Sealer
  readonly #limit: number
  readonly #kept = new Map<string, { slot: Slot; bytes: number }>()
  readonly #reads = new Map<string, Promise<Slot | undefined>>()
  readonly #mentions = new Map<string, ReadonlySet<string>>()
  readonly #ids = new Map<string, string>()
  #bytes = 0
  #mentioned = 0

  constructor(store: ObjectStore, sealer: Sealer, limit = LIMIT) {
    this.#store = store
    this.#sealer = sealer
    this.#limit = limit
  }

  /** Undefined where the slot is empty. Throws `replica.damaged` naming the object. */
  read(boot: BootId, slot: number): Promise<Slot | undefined> {
    const name = slotName(boot, slot)
    const kept = this.#kept.get(name)
    if (kept !== undefined) {
      this.#kept.delete(name)
      this.#kept.set(name, kept)
      return Promise.resolve(kept.slot)
    }
    const running = this.#reads.get(name)
    if (running !== undefined) return running
    const read = this.#fetch(boot, slot, name).finally(() => this.#reads.delete(name))
    this.#reads.set(name, read)
    return read
  }

  /** True where the slot is known to hold a bundle that says nothing of the session. */
  lacks(boot: BootId, slot: number, sessionId: string): boolean {
    return this.#mentions.get(slotName(boot, slot))?.has(sessionId) === false
  }

  async #fetch(boot: BootId, slot: number, name: string): Promise<Slot | undefined> {
    const object = await this.#store.get(name)
    if (object === undefined) return undefined
    const { length } = object.bytes
    const decoded = await decodeSlot(this.#sealer, boot, slot, object.bytes)
    this.#keep(name, decoded, length)
    return decoded
  }

  #keep(name: string, slot: Slot, bytes: number): void {
    if (this.#kept.has(name)) return
    this.#kept.set(name, { slot, bytes })
    this.#bytes += bytes
    for (const [old, { bytes: size }] of this.#kept) {
      if (this.#bytes <= this.#limit || old === name) break
      this.#kept.delete(old)
      this.#bytes -= size
    }
    if (slot.kind === 'bundle') this.#remember(name, slot.sessions.keys())
  }

  #remember(name: string, sessions: Iterable<string>): void {
    if (this.#mentioned > MENTIONS) {
      this.#mentions.clear()
      this.#ids.clear()
      this.#mentioned = 0
    }
    const mentioned = new Set<string>()
    for (const session of sessions) {
      const id = this.#ids.get(session) ?? session
      this.#ids.set(id, id)
      mentioned.add(id)
    }
    this.#mentions.set(name, mentioned)
    this.#mentioned += mentioned.size + 1
  }
}

/** The bytes change hands, with the buffer behind them. */
export async function decodeSlot(
  sealer: Sealer,
  boot: BootId,
  slot: number,
  bytes: Uint8Array,
): Promise<Slot> {
  const name = slotName(boot, slot)
  const { kind } = readHead({ name, kind: 'bundle' }, bytes)
  if (kind === 'fence') {
    await decodeFence(sealer, boot, slot, bytes)
    return { kind }
  }
  if (kind !== 'bundle') throw damaged({ name, kind: 'bundle' }, 'it is neither bundle nor fence')
  const { writeId, at, entries } = await decodeBundle(sealer, boot, slot, bytes)
  return { kind, writeId, at, sessions: Map.groupBy(entries, ({ session }) => session) }
}

/** For a slot that is empty although `low` is not beyond it. */
export function missing(boot: BootId, slot: number, sessionId?: string): Error {
  const whose = sessionId === undefined ? {} : { sessionId }
  const address: ObjectAddress = { name: slotName(boot, slot), kind: 'bundle', ...whose }
  return damaged(address, `it is missing, and ${lowName(boot)} does not say that it was collected`)
}
