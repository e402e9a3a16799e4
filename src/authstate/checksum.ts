import { crc32 } from 'node:zlib'

import { RECORD_HEADER } from './record.ts'

/**
 * SQLite does not notice a flipped bit inside a value, so every row carries the CRC-32 of its key
 * and content, and every session the sum of its rows' (so that a row that vanished, or moved to
 * another key, is missed too). They find rot: whoever can write the file can forge them. The sums
 * of checksums have 48 bits, which fit a JavaScript number.
 */
export const MODULUS = 2 ** 48

export function checksum(...parts: (string | number)[]): number {
  return crc32(parts.join('\0'))
}

/** The checksum of a row of the kv table. */
export function rowSum(session: number, type: string, id: string, value: Uint8Array): number {
  return crc32(value, crc32(`${session}\0${type}\0${id}\0`))
}

/** The checksum of a session that is kept as one image. */
export function imageSum(session: number, body: Uint8Array): number {
  return rowSum(session, 'image', '', body)
}

/**
 * The checksum of a row of the journal: that it is this session's and has this number. What a record
 * holds is covered by its own hash, which stands in its first bytes.
 */
export function recordSum(session: number, seq: number, record: Uint8Array): number {
  return rowSum(session, 'journal', String(seq), record.subarray(0, RECORD_HEADER))
}

/** Adds to a sum of checksums, or takes away from it. Neither operand is negative. */
export function plus(total: number, sum: number): number {
  return (total + sum) % MODULUS
}

export function minus(total: number, sum: number): number {
  return (total - sum + MODULUS) % MODULUS
}
