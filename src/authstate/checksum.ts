import { hash } from 'node:crypto'

import { RECORD_HEADER } from './record.ts'

/**
 * SQLite does not notice a flipped bit inside a value, so every row carries 48 bits of sha256 over
 * its key and content, and every session the sum of its rows' (so that a row that vanished, or
 * moved to another key, is missed too). 48 bits fit a JavaScript number.
 */
const MODULUS = 2 ** 48

export function checksum(...parts: (string | number)[]): number {
  return hash('sha256', parts.join('\0'), 'buffer').readUIntBE(0, 6)
}

let scratch = Buffer.alloc(64 * 1024)

/** The checksum of a row of the kv table. Hot: key and value are put together without allocating. */
export function rowSum(session: number, type: string, id: string, value: Uint8Array): number {
  const key = `${session}\0${type}\0${id}\0`
  const room = key.length * 3 + value.length
  if (scratch.length < room) scratch = Buffer.alloc(room * 2)
  const start = scratch.write(key)
  scratch.set(value, start)
  const bytes = scratch.subarray(0, start + value.length)
  return hash('sha256', bytes, 'buffer').readUIntBE(0, 6)
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
