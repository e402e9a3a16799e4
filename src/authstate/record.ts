import { Packr } from 'msgpackr'

import { GatewayError } from '../session/errors.ts'

import { chainHash, writeSeq } from './chain.ts'
import { arrayHeader, begin, binary, nil, string, written } from './msgpack.ts'

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
  begin(0)
  pack(writes)
  return new Uint8Array(written())
}

function pack(writes: readonly Write[]): void {
  arrayHeader(writes.length * 3)
  for (const { type, id, value } of writes) {
    // Such a string would come back altered, and two keys could fall together.
    if (!type.isWellFormed() || !id.isWellFormed()) throw new TypeError('malformed key id')
    string(type)
    string(id)
    if (value === null) nil()
    else binary(value)
  }
}

/** The inverse of packWrites; the values are views on `body`. */
export function unpackWrites(body: Uint8Array): Write[] {
  return unpackPlain(asBuffer(body)) ?? unpackAny(body)
}

function unpackAny(body: Uint8Array): Write[] {
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

/** Up to five writes with names of under 32 bytes, which most changes are; undefined for others. */
function unpackPlain(body: Buffer): Write[] | undefined {
  const items = (body[0] ?? 0) - 0x90
  if (items < 0 || items > 15 || items % 3 !== 0) return undefined
  let at = 1
  const name = (): string | undefined => {
    const size = (body[at] ?? 0) - 0xa0
    if (size < 0 || size > 31 || at + 1 + size > body.length) return undefined
    const start = at + 1
    at = start + size
    return body.toString('utf8', start, at)
  }
  const value = (): Uint8Array | null | undefined => {
    const tag = body[at]
    at += 1
    if (tag === 0xc0) return null
    const width = tag === 0xc4 ? 1 : tag === 0xc5 ? 2 : 0
    if (width === 0 || at + width > body.length) return undefined
    const start = at + width
    at = start + body.readUIntBE(at, width)
    return at > body.length ? undefined : body.subarray(start, at)
  }
  const writes: Write[] = []
  for (let i = 0; i < items; i += 3) {
    const type = name()
    const id = type === undefined ? undefined : name()
    const bytes = id === undefined ? undefined : value()
    if (type === undefined || id === undefined || bytes === undefined) return undefined
    writes.push({ type, id, value: bytes })
  }
  return at === body.length ? writes : undefined
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The bytes of the change that follows on `previous`, in a buffer of their own, and its hash. */
export function encodeRecord(
  seq: number,
  previous: Uint8Array,
  writes: readonly Write[],
): { record: Uint8Array; hash: Buffer } {
  begin(RECORD_HEADER)
  pack(writes)
  const draft = written()
  const hash = chainHash(previous, seq, draft.subarray(RECORD_HEADER))
  draft[0] = VERSION
  writeSeq(draft, seq, 1)
  draft.set(previous, 9)
  draft.set(hash, 41)
  return { record: new Uint8Array(draft), hash }
}

/** Throws `state.corrupt` where the bytes are not a record or its hash is not theirs. */
export function decodeRecord(record: Uint8Array): ChangeRecord {
  return decodeWith(record, unpackWrites)
}

/** The same without a look at the hash, for a record that this process has just made. */
export function readRecord(record: Uint8Array): ChangeRecord {
  return decodeWith(record, unpackWrites, false)
}

/** Where a change stands in its chain: the same checks, without a look at what it wrote. */
export function decodeLink(record: Uint8Array): Omit<ChangeRecord, 'writes'> {
  const { seq, previous, hash } = decodeWith(record, () => [])
  return { seq, previous, hash }
}

function decodeWith(
  record: Uint8Array,
  unpack: (body: Uint8Array) => Write[],
  verify = true,
): ChangeRecord {
  try {
    const bytes = asBuffer(record)
    if (bytes.length <= RECORD_HEADER || bytes[0] !== VERSION) throw new TypeError('unknown format')
    const seq = bytes.readUInt32BE(1) * 2 ** 32 + bytes.readUInt32BE(5)
    const previous = bytes.subarray(9, 41)
    const hash = bytes.subarray(41, RECORD_HEADER)
    const body = bytes.subarray(RECORD_HEADER)
    if (verify && !chainHash(previous, seq, body).equals(hash)) throw new TypeError('wrong hash')
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
