import { GatewayError } from '../session/errors.ts'

import { chainHash, writeNumber } from './chain.ts'
import { begin, taken, written } from './msgpack.ts'
import { appendWrites, sizeOf, unpackWrites } from './writes.ts'
import type { Write } from './writes.ts'

/** One change, complete in itself: what it follows on, what it wrote, the hash after it (hex). */
export interface ChangeRecord {
  seq: number
  /** Milliseconds since the epoch when it was made; never below that of the change before. */
  at: number
  previous: string
  hash: string
  writes: Write[]
}

/**
 * version (1 byte) | seq (8, big-endian) | at (8) | previous hash (32) | hash (32) | body (writes.ts)
 */
const VERSION = 2
export const RECORD_HEADER = 1 + 8 + 8 + 32 + 32

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
  at: number,
): { record: Uint8Array<ArrayBuffer>; hash: Buffer } {
  begin(RECORD_HEADER, sizeOf(writes))
  appendWrites(writes)
  const draft = written()
  const hash = chainHash(previous, seq, at, draft.subarray(RECORD_HEADER))
  draft[0] = VERSION
  writeNumber(draft, seq, 1)
  writeNumber(draft, at, 9)
  draft.set(previous, 17)
  draft.set(hash, 49)
  return { record: taken(), hash }
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
  const { seq, at, previous, hash } = decodeWith(record, () => [])
  return { seq, at, previous, hash }
}

function decodeWith(
  record: Uint8Array,
  unpack: (body: Uint8Array) => Write[],
  verify = true,
): ChangeRecord {
  try {
    const bytes = asBuffer(record)
    if (bytes.length <= RECORD_HEADER || bytes[0] !== VERSION) throw new TypeError('unknown format')
    const seq = readNumber(bytes, 1)
    const at = readNumber(bytes, 9)
    const previous = bytes.subarray(17, 49)
    const hash = bytes.subarray(49, RECORD_HEADER)
    const body = bytes.subarray(RECORD_HEADER)
    if (verify && !chainHash(previous, seq, at, body).equals(hash))
      throw new TypeError('wrong hash')
    return {
      seq,
      at,
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

function readNumber(bytes: Buffer, offset: number): number {
  return bytes.readUInt32BE(offset) * 2 ** 32 + bytes.readUInt32BE(offset + 4)
}
