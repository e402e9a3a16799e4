import { createHash } from 'node:crypto'

/** The hash before the first change of a session: 32 zero bytes. */
export const GENESIS_HASH = '0'.repeat(64)

/**
 * hash_n = sha256(hash_{n-1} || seq as 8 bytes, big-endian || body), where `body` is the change's
 * writes as record.ts packs them. All hashes are 32 bytes.
 */
export function chainHash(previous: Uint8Array, seq: number, body: Uint8Array): Buffer {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(seq))
  return createHash('sha256').update(previous).update(number).update(body).digest()
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
