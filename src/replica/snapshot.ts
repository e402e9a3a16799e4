import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { pack, Unpackr } from 'msgpackr'
import * as z from 'zod'
import type { Entry, SessionImage } from '../authstate/port.ts'
import { snapshotName } from './names.ts'
import { damaged, type Codec, type ObjectAddress } from './object.ts'
import { SNAPSHOT_TRIGGERS, type SnapshotTrigger } from './port.ts'
import type { Sealer } from './sealer.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Below this many bytes compression costs more than it gains. */
const SMALL = 4096
/** Bounds what a hostile object may unfold to; an account of 10,000 contacts takes about 60 MB. */
const LARGEST = 512 * 1024 * 1024

const metaSchema = z.strictObject({
  format: z.literal(1),
  session: z.string(),
  epoch: z.int().positive(),
  seq: z.int().nonnegative(),
  hash: z.string(),
  createdAt: z.int().nonnegative(),
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
 * A session image as an object: msgpack of `[meta, [type, id, value, …]]`, zstd level 3, in the
 * container of src/replica/object.ts.
 */
export async function encodeSnapshot(
  image: SessionImage,
  meta: SnapshotMeta,
  sealer: Sealer,
): Promise<{ name: string; bytes: Uint8Array; keys: number }> {
  const { sessionId: session, seq, hash, entries } = image
  const keys = countKeys(entries)
  const flat = entries.flatMap(({ type, id, value }) => [type, id, value])
  const raw = pack([{ format: 1, session, seq, hash, keys, ...meta }, flat])
  const name = snapshotName(session, meta.epoch, seq)
  const small = raw.length < SMALL
  const payload = small
    ? raw
    : await compress(raw, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
  const codec = small ? 'none' : 'zstd'
  const address: ObjectAddress = { name, kind: 'snapshot', sessionId: session }
  return { name, bytes: sealer.seal(address, codec, payload), keys }
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
  const name = snapshotName(sessionId, expected.epoch, expected.seq)
  const address: ObjectAddress = { name, kind: 'snapshot', sessionId }
  const { codec, payload } = sealer.open(address, bytes)
  const [metaPart, flat] = await unfold(address, codec, payload)
  const parsed = metaSchema.safeParse(metaPart)
  if (!parsed.success) throw damaged(address, 'its description has another shape', parsed.error)
  const { session, epoch, seq, hash, createdAt, trigger, keys } = parsed.data
  if (session !== sessionId) throw damaged(address, 'it belongs to another session')
  if (epoch !== expected.epoch || seq !== expected.seq || hash !== expected.hash)
    throw damaged(address, 'it is not the state that the owner record names')
  const entries = readEntries(address, flat)
  if (countKeys(entries) !== keys) throw damaged(address, `it does not hold its ${keys} keys`)
  return { image: { sessionId, seq, hash, entries }, epoch, createdAt, trigger, keys }
}

const unpackr = new Unpackr({ useRecords: false, copyBuffers: true })

async function unfold(
  address: ObjectAddress,
  codec: Codec,
  payload: Uint8Array,
): Promise<unknown[]> {
  let parts: unknown
  try {
    const raw = codec === 'none' ? payload : await decompress(payload, { maxOutputLength: LARGEST })
    parts = unpackr.unpack(raw)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
  if (!Array.isArray(parts) || parts.length !== 2)
    throw damaged(address, 'its content has another shape')
  return parts
}

function readEntries(address: ObjectAddress, flat: unknown): Entry[] {
  if (!Array.isArray(flat) || flat.length % 3 !== 0)
    throw damaged(address, 'its entries have another shape')
  const list: unknown[] = flat
  const entries: Entry[] = []
  const seen = new Set<string>()
  for (let i = 0; i < list.length; i += 3) {
    const [type, id, value] = list.slice(i, i + 3)
    if (typeof type !== 'string' || typeof id !== 'string' || !(value instanceof Uint8Array))
      throw damaged(address, 'an entry has another shape')
    const key = `${type}\0${id}`
    if (seen.has(key)) throw damaged(address, 'an entry is there twice')
    seen.add(key)
    entries.push({ type, id, value })
  }
  if (!seen.has('creds\0')) throw damaged(address, 'it has no creds')
  return entries
}

function countKeys(entries: readonly Entry[]): number {
  return entries.filter(({ type }) => type !== 'creds').length
}
