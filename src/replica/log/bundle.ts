import * as z from 'zod'
import { isSessionId } from '../../session/ids.ts'
import { slotName, type BootId } from '../names.ts'
import { assertFormat, damaged, type ObjectAddress } from '../object.ts'
import { withKeys, type Sealer } from '../sealer.ts'
import { packContent, unpackContent } from './content.ts'

/** One change in the log. Its chain hashes stand in the record. */
export interface LogEntry {
  session: string
  /** The epoch under which it was shipped. */
  epoch: number
  seq: number
  /** The change as src/authstate/record.ts encodes it. */
  record: Uint8Array
}

/** The changes of one window, of every session that its boot serves. */
export interface Bundle extends BootId {
  /** Unique to this write: tells one's own write from another's. */
  writeId: string
  slot: number
  /** Milliseconds since the epoch. */
  at: number
  entries: LogEntry[]
}

const FORMAT = 1

const metaSchema = z.strictObject({
  format: z.literal(FORMAT),
  writeId: z.string().min(1),
  worker: z.string(),
  boot: z.string(),
  slot: z.int().nonnegative(),
  at: z.int().nonnegative(),
})

const FIELDS = 4

/** Msgpack of `[meta, [session, epoch, seq, record, …]]`, sealed. */
export async function encodeBundle(sealer: Sealer, bundle: Bundle): Promise<Uint8Array> {
  const { entries, writeId, worker, boot, slot, at } = bundle
  const flat = entries.flatMap(({ session, epoch, seq, record }) => [session, epoch, seq, record])
  const meta = { format: FORMAT, writeId, worker, boot, slot, at }
  const { codec, payload } = await packContent([meta, flat])
  return sealer.seal({ name: slotName(bundle, slot), kind: 'bundle' }, codec, payload)
}

/**
 * Throws `replica.damaged` unless the bytes are the sound bundle of this very slot. They change hands,
 * with the buffer behind them.
 */
export async function decodeBundle(
  sealer: Sealer,
  boot: BootId,
  slot: number,
  bytes: Uint8Array,
): Promise<Bundle> {
  const address: ObjectAddress = { name: slotName(boot, slot), kind: 'bundle' }
  const opened = await withKeys(sealer, () => sealer.open(address, bytes))
  const parts = await unpackContent(address, opened)
  if (!Array.isArray(parts) || parts.length !== 2)
    throw damaged(address, 'its content has another shape')
  const [metaPart, flat]: unknown[] = parts
  assertFormat(address, metaPart, FORMAT)
  const parsed = metaSchema.safeParse(metaPart)
  if (!parsed.success) throw damaged(address, 'its description has another shape', parsed.error)
  const { format: _, ...meta } = parsed.data
  if (meta.worker !== boot.worker || meta.boot !== boot.boot || meta.slot !== slot)
    throw damaged(address, 'it belongs to another place in a log')
  return { ...meta, entries: readEntries(address, flat) }
}

function readEntries(address: ObjectAddress, flat: unknown): LogEntry[] {
  if (!Array.isArray(flat) || flat.length % FIELDS !== 0)
    throw damaged(address, 'its entries have another shape')
  const list: unknown[] = flat
  const entries: LogEntry[] = []
  for (let i = 0; i < list.length; i += FIELDS) {
    const [session, epoch, seq, record] = list.slice(i, i + FIELDS)
    if (typeof session !== 'string' || !isSessionId(session) || !(record instanceof Uint8Array))
      throw damaged(address, 'an entry has another shape')
    if (!isCount(epoch) || !isCount(seq) || seq === 0)
      throw damaged(address, 'an entry has a number that cannot be')
    entries.push({ session, epoch, seq, record })
  }
  return entries
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
