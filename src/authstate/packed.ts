import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib'

import { giveBack } from './give-back.ts'
import type { Entry } from './port.ts'
import { packWrites, unpackWrites } from './writes.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Below this many bytes compression costs more than it gains. */
const SMALL = 4096
/** What unfolds to so many bytes does so in half a millisecond, and handing it to the pool takes as long. */
const AT_ONCE = 1024 * 1024
/** Bounds what hostile bytes may unfold to; an account of 10,000 contacts takes about 60 MB. */
const LARGEST = 512 * 1024 * 1024

/** Bytes that the compressor hands out at once at most. */
const CHUNK = 1024 * 1024

/**
 * The first byte tells what follows: the list that writes.ts packs, or its length (4 bytes,
 * big-endian) and zstd level 3 of it.
 */
const PLAIN = 0
const ZSTD = 1
const ZSTD_HEADER = 1 + 4

/** A session's entries in one piece; bytes that own their buffer. */
export async function packEntries(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  return packRaw(packWrites(entries))
}

/** The same for the list that writes.ts packed, which is empty then. */
export async function packRaw(raw: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (raw.length < SMALL) return framed(PLAIN, raw)
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  const compressed = await compress(raw, { params, chunkSize: Math.min(raw.length, CHUNK) })
  const head = Buffer.alloc(4)
  head.writeUInt32BE(raw.length)
  giveBack(raw)
  const packed = framed(ZSTD, head, compressed)
  giveBack(compressed)
  return packed
}

/** The same at once, and so not compressed. */
export function packEntriesPlain(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return framed(PLAIN, packWrites(entries))
}

/** The inverse, off this thread where it is much; the values may be views on `packed`. */
export async function unpackEntries(packed: Uint8Array): Promise<Entry[]> {
  const { content, length } = contentOf(packed)
  return length === undefined || length <= AT_ONCE
    ? unpackEntriesSync(packed)
    : readEntries(await decompress(content, exactly(length)))
}

/** The same at once. Both throw where the bytes are no entries, or some that no session can have. */
export function unpackEntriesSync(packed: Uint8Array): Entry[] {
  return readEntries(unpackRawSync(packed))
}

/** The list that writes.ts packed. */
export function unpackRawSync(packed: Uint8Array): Uint8Array {
  const { content, length } = contentOf(packed)
  return length === undefined ? content : zstdDecompressSync(content, exactly(length))
}

/** `length`: of what is compressed. */
function contentOf(packed: Uint8Array): { content: Uint8Array; length?: number } {
  if (packed[0] === PLAIN) return { content: packed.subarray(1) }
  if (packed[0] !== ZSTD || packed.length < ZSTD_HEADER) throw new TypeError('not packed entries')
  const length = new DataView(packed.buffer, packed.byteOffset).getUint32(1)
  if (length < SMALL || length > LARGEST) throw new TypeError('not a length of packed entries')
  return { content: packed.subarray(ZSTD_HEADER), length }
}

/**
 * One chunk of output, so that it takes one turn of the thread pool: one that is not full, after
 * which another would be begun.
 */
function exactly(length: number): { chunkSize: number; maxOutputLength: number } {
  return { chunkSize: length + 1, maxOutputLength: length }
}

function readEntries(raw: Uint8Array): Entry[] {
  const seen = new Set<string>()
  const entries = unpackWrites(raw).map(({ type, id, value }): Entry => {
    if (value === null) throw new TypeError('an entry has no value')
    seen.add(`${type}\0${id}`)
    return { type, id, value }
  })
  if (seen.size !== entries.length) throw new TypeError('an entry is there twice')
  if (!seen.has('creds\0')) throw new TypeError('there are no creds')
  return entries
}

function framed(format: number, ...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1))
  bytes[0] = format
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
