import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { pack, Unpackr } from 'msgpackr'
import { damaged, type Codec, type ObjectAddress } from '../object.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** Below this many bytes compression costs more than it gains. */
const SMALL = 4096
/** Bounds what a hostile object may unfold to. */
const LARGEST = 256 * 1024 * 1024

const unpackr = new Unpackr({ useRecords: false })

/** A value as msgpack, compressed where that is worth it. */
export async function packContent(value: unknown): Promise<{ codec: Codec; payload: Uint8Array }> {
  const raw = pack(value)
  if (raw.length < SMALL) return { codec: 'none', payload: raw }
  const params = { [constants.ZSTD_c_compressionLevel]: 3 }
  return { codec: 'zstd', payload: await compress(raw, { params }) }
}

/** Throws `replica.damaged` where the payload is no msgpack; byte strings are views on it. */
export async function unpackContent(
  address: ObjectAddress,
  { codec, payload }: { codec: Codec; payload: Uint8Array },
): Promise<unknown> {
  try {
    const raw = codec === 'none' ? payload : await decompress(payload, { maxOutputLength: LARGEST })
    return unpackr.unpack(raw)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
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
