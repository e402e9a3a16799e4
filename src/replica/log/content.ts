import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { giveBack } from '../../authstate/give-back.ts'
import { pack, Unpackr } from 'msgpackr'
import { damaged, type Codec, type ObjectAddress } from '../object.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Below this many bytes compression costs more than it gains. */
const SMALL = 4096
/** Bounds what a hostile object may unfold to. */
const LARGEST = 256 * 1024 * 1024
/** So much and no more most changes fold up: keys hardly do, JSON does by half. */
const LIKELY_RATIO = 3
/** Bytes that are unfolded at once. */
const LARGEST_CHUNK = 4 * 1024 * 1024

const unpackr = new Unpackr({ useRecords: false })

/** A value as msgpack, compressed where that is worth it. */
export async function packContent(value: unknown): Promise<{ codec: Codec; payload: Uint8Array }> {
  const raw = pack(value)
  if (raw.length < SMALL) return { codec: 'none', payload: raw }
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  return { codec: 'zstd', payload: await compress(raw, { params }) }
}

/**
 * Byte strings are views on the payload or on what it unfolds to: it changes hands, with the buffer
 * behind it. Throws `replica.damaged` where it is no msgpack.
 */
export async function unpackContent(
  address: ObjectAddress,
  { codec, payload }: { codec: Codec; payload: Uint8Array },
): Promise<unknown> {
  try {
    if (codec === 'none') return unpackr.unpack(payload)
    const raw = await unfolded(payload)
    giveBack(payload)
    return unpackr.unpack(raw)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
}

/** Each chunk of output is a turn of the thread pool, and one that is all of it is not copied. */
function unfolded(payload: Uint8Array): Promise<Uint8Array> {
  const likely = Math.max(SMALL, LIKELY_RATIO * payload.length)
  const chunkSize = Math.min(likely, LARGEST_CHUNK)
  return decompress(payload, { chunkSize, maxOutputLength: LARGEST })
}

/** The same for small objects, which are never compressed. */
export function unpackSmall(
  address: ObjectAddress,
  { codec, payload }: { codec: Codec; payload: Uint8Array },
): unknown {
  if (codec !== 'none') throw damaged(address, 'it is compressed')
  try {
    return unpackr.unpack(payload)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
}
