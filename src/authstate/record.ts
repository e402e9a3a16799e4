import { Packr } from 'msgpackr'

import { GatewayError } from '../session/errors.ts'

import { chainHash } from './chain.ts'

/** One value put (bytes as codec.ts encodes them) or deleted (null). Creds: type `creds`, id ``. */
export interface Write {
  type: string
  id: string
  value: Uint8Array | null
}

/** One change, complete in itself: what it follows on, what it wrote, the hash after it (hex). */
export interface ChangeRecord {
  seq: number
  previous: string
  hash: string
  writes: Write[]
}

/**
 * version (1 byte) | seq (8, big-endian) | previous hash (32) | hash (32) | body
 * body: msgpack of the flat list [type, id, value, type, id, value, ...]
 */
const VERSION = 1
export const RECORD_HEADER = 1 + 8 + 32 + 32

const packr = new Packr({ useRecords: false })

/** The writes in canonical bytes that own their buffer. */
export function packWrites(writes: readonly Write[]): Uint8Array {
  const flat: (string | Uint8Array | null)[] = []
  for (const { type, id, value } of writes) {
    // Such a string would come back altered, and two keys could fall together.
    if (!type.isWellFormed() || !id.isWellFormed()) throw new TypeError('malformed key id')
    flat.push(type, id, value)
  }
  return new Uint8Array(packr.pack(flat))
}

/** The inverse of packWrites; the values are views on `body`. */
export function unpackWrites(body: Uint8Array): Write[] {
  const flat: unknown = packr.unpack(body)
  if (!Array.isArray(flat) || flat.length % 3 !== 0) throw new TypeError('not a list of writes')
  const writes: Write[] = []
  for (let i = 0; i < flat.length; i += 3) {
    const [type, id, value]: unknown[] = flat.slice(i, i + 3)
    if (typeof type !== 'string' || typeof id !== 'string') throw new TypeError('not a key')
    if (value !== null && !(value instanceof Uint8Array)) throw new TypeError('not a value')
    writes.push({ type, id, value })
  }
  return writes
}

/** The bytes of the change that follows on `previous`, in a buffer of their own, and its hash. */
export function encodeRecord(
  seq: number,
  previous: Uint8Array,
  writes: readonly Write[],
): { record: Uint8Array; hash: Buffer } {
  const body = packWrites(writes)
  const hash = chainHash(previous, seq, body)
  const record = new Uint8Array(RECORD_HEADER + body.length)
  const view = new DataView(record.buffer)
  view.setUint8(0, VERSION)
  view.setBigUint64(1, BigInt(seq))
  record.set(previous, 9)
  record.set(hash, 41)
  record.set(body, RECORD_HEADER)
  return { record, hash }
}

/** Throws `state.corrupt` where the bytes are not a record or its hash is not theirs. */
export function decodeRecord(record: Uint8Array): ChangeRecord {
  return decodeWith(record, unpackWrites)
}

/** Where a change stands in its chain: the same checks, without a look at what it wrote. */
export function decodeLink(record: Uint8Array): Omit<ChangeRecord, 'writes'> {
  const { seq, previous, hash } = decodeWith(record, () => [])
  return { seq, previous, hash }
}

function decodeWith(record: Uint8Array, unpack: (body: Uint8Array) => Write[]): ChangeRecord {
  try {
    const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength)
    if (bytes.length <= RECORD_HEADER || bytes[0] !== VERSION) throw new TypeError('unknown format')
    const seq = Number(bytes.readBigUInt64BE(1))
    const previous = bytes.subarray(9, 41)
    const hash = bytes.subarray(41, RECORD_HEADER)
    const body = bytes.subarray(RECORD_HEADER)
    if (!chainHash(previous, seq, body).equals(hash)) throw new TypeError('wrong hash')
    return {
      seq,
      previous: previous.toString('hex'),
      hash: hash.toString('hex'),
      writes: unpack(body),
    }
  } catch (cause) {
    throw new GatewayError({
      code: 'state.corrupt',
      message: 'a change in the journal is damaged',
      hint: 'start the daemon again: it sets the damaged state aside and restores from the store',
      cause,
    })
  }
}
