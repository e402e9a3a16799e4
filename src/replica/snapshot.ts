import { pack, Unpackr } from 'msgpackr'
import * as z from 'zod'
import { giveBack } from '../authstate/give-back.ts'
import { packEntries, unpackEntries } from '../authstate/packed.ts'
import type { Entry, SessionImage } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import { snapshotName } from './names.ts'
import { assertFormat, damaged, type ObjectAddress } from './object.ts'
import { SNAPSHOT_TRIGGERS, type SnapshotTrigger } from './port.ts'
import type { Sealer } from './sealer.ts'

const FORMAT = 2

const metaSchema = z.strictObject({
  format: z.literal(FORMAT),
  session: z.string(),
  epoch: z.int().positive(),
  seq: z.int().nonnegative(),
  hash: z.string(),
  createdAt: z.int().nonnegative(),
  changedAt: z.int().nonnegative(),
  trigger: z.enum(SNAPSHOT_TRIGGERS),
  keys: z.int().nonnegative(),
})

/** What a snapshot says of itself beside the state. */
export interface SnapshotMeta {
  epoch: number
  /** Milliseconds since the epoch. */
  createdAt: number
  trigger: SnapshotTrigger
}

export interface Snapshot extends SnapshotMeta {
  image: SessionImage
  keys: number
}

/**
 * A session image as an object: msgpack of `[meta, entries]`, the entries as bytes that
 * src/authstate/packed.ts packs and the local state keeps as they are, in the container of
 * src/replica/object.ts.
 */
export async function encodeSnapshot(
  image: SessionImage,
  meta: SnapshotMeta,
  sealer: Sealer,
): Promise<{ name: string; bytes: Uint8Array; keys: number }> {
  const { sessionId: session, seq, hash, changedAt, entries } = image
  const keys = countKeys(entries)
  const packed = image.packed ?? (await packEntries(entries))
  const payload = pack([{ format: FORMAT, session, seq, hash, changedAt, keys, ...meta }, packed])
  const name = snapshotName(session, meta.epoch, seq)
  const address: ObjectAddress = { name, kind: 'snapshot', sessionId: session }
  return { name, bytes: sealer.seal(address, 'none', payload), keys }
}

/** What the owner record says of the snapshot that is to be read. */
export interface ExpectedSnapshot {
  epoch: number
  seq: number
  hash: string
}

/** Decodes and verifies; throws `replica.damaged` unless it is exactly the expected snapshot. */
export async function decodeSnapshot(
  sessionId: string,
  expected: ExpectedSnapshot,
  bytes: Uint8Array,
  sealer: Sealer,
): Promise<Snapshot> {
  const { address, packed, meta } = openSnapshot(sessionId, expected, bytes, sealer)
  const { seq, hash, changedAt, epoch, createdAt, trigger, keys } = meta
  const entries = await readable(address, () => unpackEntries(packed))
  assertKeys(address, keys, countKeys(entries))
  const image = { sessionId, seq, hash, changedAt, entries, packed }
  return { image, epoch, createdAt, trigger, keys }
}

/**
 * The same with another look at the entries: `inspect` gets them packed, with the buffer behind them,
 * and counts the keys.
 */
export async function inspectSnapshot<T extends { keys: number }>(
  sessionId: string,
  expected: ExpectedSnapshot,
  bytes: Uint8Array,
  sealer: Sealer,
  inspect: (packed: Uint8Array) => Promise<T>,
): Promise<T> {
  const { address, packed, meta, payload } = openSnapshot(sessionId, expected, bytes, sealer)
  const found = await readable(address, () => inspect(packed))
  giveBack(payload)
  assertKeys(address, meta.keys, found.keys)
  return found
}

function openSnapshot(
  sessionId: string,
  expected: ExpectedSnapshot,
  bytes: Uint8Array,
  sealer: Sealer,
): {
  address: ObjectAddress
  /** A view on the payload. */
  packed: Uint8Array
  payload: Uint8Array
  meta: z.infer<typeof metaSchema>
} {
  const name = snapshotName(sessionId, expected.epoch, expected.seq)
  const address: ObjectAddress = { name, kind: 'snapshot', sessionId }
  const { codec, payload } = sealer.open(address, bytes)
  if (codec !== 'none') throw damaged(address, 'it is compressed as a whole')
  const [metaPart, packed] = parts(address, payload)
  assertFormat(address, metaPart, FORMAT)
  const parsed = metaSchema.safeParse(metaPart)
  if (!parsed.success) throw damaged(address, 'its description has another shape', parsed.error)
  const { session, epoch, seq, hash } = parsed.data
  if (session !== sessionId) throw damaged(address, 'it belongs to another session')
  if (epoch !== expected.epoch || seq !== expected.seq || hash !== expected.hash)
    throw damaged(address, 'it is not the state that the owner record names')
  return { address, packed, payload, meta: parsed.data }
}

// Bytes come out as views on what is unpacked.
const unpackr = new Unpackr({ useRecords: false })

function parts(address: ObjectAddress, payload: Uint8Array): [unknown, Uint8Array] {
  let found: unknown
  try {
    found = unpackr.unpack(payload)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
  const [meta, packed]: unknown[] = Array.isArray(found) && found.length === 2 ? found : []
  if (!(packed instanceof Uint8Array)) throw damaged(address, 'its content has another shape')
  return [meta, packed]
}

async function readable<T>(address: ObjectAddress, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    // Whoever reads was stopped, which says nothing of what is read.
    if (error instanceof GatewayError) throw error
    throw damaged(address, 'its entries cannot be read', error)
  }
}

function assertKeys(address: ObjectAddress, keys: number, found: number): void {
  if (found !== keys) throw damaged(address, `it does not hold its ${keys} keys`)
}

function countKeys(entries: readonly Entry[]): number {
  return entries.filter(({ type }) => type !== 'creds').length
}
