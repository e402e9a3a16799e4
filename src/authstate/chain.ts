import { hash } from 'node:crypto'

/** The hash before the first change of a session: 32 zero bytes. */
export const GENESIS_HASH = '0'.repeat(64)

// The parts are put together here, to be hashed in one call.
let scratch = Buffer.alloc(64 * 1024)

/**
 * hash_n = sha256(hash_{n-1} || seq || at || body), where seq and `at`, the milliseconds since the
 * epoch when the change was made, are 8 bytes, big-endian, and `body` is the change's writes as
 * record.ts packs them. All hashes are 32 bytes.
 */
export function chainHash(previous: Uint8Array, seq: number, at: number, body: Uint8Array): Buffer {
  const length = 48 + body.length
  if (scratch.length < length) scratch = Buffer.alloc(length * 2)
  scratch.set(previous)
  writeNumber(scratch, seq, 32)
  writeNumber(scratch, at, 40)
  scratch.set(body, 48)
  return hash('sha256', scratch.subarray(0, length), 'buffer')
}

/** A safe integer as 8 bytes, big-endian. */
export function writeNumber(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), offset)
  bytes.writeUInt32BE(value >>> 0, offset + 4)
}

/** One end of a chain: the number of its newest change and the hash there, in hex. */
export interface ChainEnd {
  seq: number
  hash: string
}

/** True where a change follows directly on `end`. */
export function continues(end: ChainEnd, change: { seq: number; previous: string }): boolean {
  return change.seq === end.seq + 1 && change.previous === end.hash
}
