import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib'

import type { Entry } from './port.ts'
import { packWrites, unpackWrites } from './writes.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Below this many bytes compression costs more than it gains. */
const SMALL = 4096
/** Bounds what hostile bytes may unfold to; an account of 10,000 contacts takes about 60 MB. */
const LARGEST = 512 * 1024 * 1024

/** The first byte: what follows is the list that writes.ts packs, or zstd level 3 of it. */
const PLAIN = 0
const ZSTD = 1

/** A session's entries in one piece; bytes that own their buffer. */
export async function packEntries(entries: readonly Entry[]): Promise<Uint8Array<ArrayBuffer>> {
  const raw = packWrites(entries)
  if (raw.length < SMALL) return framed(PLAIN, raw)
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  return framed(ZSTD, await compress(raw, { params }))
}

/** The same at once, and so not compressed. */
export function packEntriesPlain(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return framed(PLAIN, packWrites(entries))
}

/** The inverse, off this thread where it is much; the values may be views on `packed`. */
export async function unpackEntries(packed: Uint8Array): Promise<Entry[]> {
  return readEntries(
    packed[0] === ZSTD
      ? await decompress(packed.subarray(1), { maxOutputLength: LARGEST })
      : plain(packed),
  )
}

/** The same at once. Both throw where the bytes are no entries, or some that no session can have. */
export function unpackEntriesSync(packed: Uint8Array): Entry[] {
  return readEntries(
    packed[0] === ZSTD
      ? zstdDecompressSync(packed.subarray(1), { maxOutputLength: LARGEST })
      : plain(packed),
  )
}

function plain(packed: Uint8Array): Uint8Array {
  if (packed[0] !== PLAIN) throw new TypeError('not packed entries')
  return packed.subarray(1)
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

function framed(format: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(content.length + 1)
  bytes[0] = format
  bytes.set(content, 1)
  return bytes
}
