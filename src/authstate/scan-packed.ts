import { scanValue } from './scan.ts'
import { unpackRawSync } from './packed.ts'
import { scanWrites, type Place } from './writes.ts'

const APP_STATE_KEY = 'app-state-sync-key'
const PRE_KEY = 'pre-key'

/** What is there in packed entries that are as they should be, but for what must be decoded to know. */
export interface Scanned {
  /** How many, without the creds. */
  keys: number
  /** 0 where there is none. */
  highestPreKey: number
  creds: Uint8Array
  appStateKeys: { id: string; value: Uint8Array }[]
}

/**
 * Looks through what packed.ts packed, without making anything of the values: at the speed at which
 * they are decrypted. Undefined where it takes a closer look. Throws TypeError where the bytes are no
 * packed entries.
 */
export function scanPacked(packed: Uint8Array): Scanned | undefined {
  const raw = unpackRawSync(packed)
  const seen = new Set<number>()
  const appStateKeys: Scanned['appStateKeys'] = []
  let keys = 0
  let unsure = false
  let creds: Uint8Array | undefined
  let highestPreKey = 0
  const source = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  scanWrites(raw, (type, id, value) => {
    const key = hashOf(type, source, id.from, id.to)
    // The same twice, or two of the same hash.
    if (seen.has(key)) unsure = true
    seen.add(key)
    if (type === 'creds') {
      creds = copyOf(source, value)
      unsure ||= id.to > id.from
      return
    }
    keys++
    if (type === PRE_KEY) highestPreKey = Math.max(highestPreKey, numberAt(source, id.from, id.to))
    if (type === APP_STATE_KEY)
      appStateKeys.push({
        id: source.toString('utf8', id.from, id.to),
        value: copyOf(source, value),
      })
    else if (scanValue(source, value.from, value.to) !== 'sound') unsure = true
  })
  return unsure || creds === undefined ? undefined : { keys, highestPreKey, creds, appStateKeys }
}

/** Not a view: with it all the rest would go to another thread. */
function copyOf(source: Buffer, { from, to }: Place): Uint8Array {
  return new Uint8Array(source.subarray(from, to))
}

/** FNV-1a over type and id: a key by which to find out that one is there twice. */
function hashOf(type: string, source: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < type.length; i += 1) hash = step(hash, type.charCodeAt(i))
  hash = step(hash, 0)
  for (let i = from; i < to; i += 1) hash = step(hash, source[i] ?? 0)
  return hash
}

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}

/** A number in decimal digits; 0 where it is none. */
function numberAt(source: Uint8Array, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i += 1) {
    const digit = (source[i] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return 0
    value = value * 10 + digit
  }
  return value
}
