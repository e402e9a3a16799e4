import { faultsOf, type Revive } from './check.ts'
import { decodeValue } from './codec.ts'
import { doubtsOf } from './doubts.ts'
import { unpackEntries, unpackRaw } from './packed.ts'
import type { Inspection } from './port.ts'
import { scanValue } from './scan.ts'
import { scanWrites } from './writes.ts'

const APP_STATE_KEY = 'app-state-sync-key'
const PRE_KEY = 'pre-key'

/**
 * What is to be said of the values that packed.ts packed, of a linked device. Nothing is made of
 * those that are as they should be, so that a store of many sessions is read at the speed at which
 * it is decrypted. Throws where the bytes are no packed entries, as unpackEntries does.
 */
export async function inspect(packed: Uint8Array, revive: Revive): Promise<Inspection> {
  const raw = await unpackRaw(packed)
  return scan(raw, revive) ?? inspectEach(packed, revive)
}

/** Undefined where it takes a closer look. */
function scan(raw: Uint8Array, revive: Revive): Inspection | undefined {
  const seen = new Set<number>()
  let keys = 0
  let unsure = false
  let creds: Uint8Array | undefined
  let highestPreKey = 0
  const appStateKeys: string[] = []
  const source = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  scanWrites(raw, (type, id, value) => {
    const key = hashOf(type, source, id.from, id.to)
    // The same twice, or two of the same hash.
    if (seen.has(key)) unsure = true
    seen.add(key)
    if (type === 'creds') {
      creds = source.subarray(value.from, value.to)
      unsure ||= id.to > id.from
      return
    }
    keys++
    if (type === PRE_KEY) highestPreKey = Math.max(highestPreKey, numberAt(source, id.from, id.to))
    if (type === APP_STATE_KEY) {
      appStateKeys.push(source.toString('utf8', id.from, id.to))
      unsure ||=
        faultsOf(
          [{ type, id: '', value: source.subarray(value.from, value.to) }],
          { linked: false },
          revive,
        ).length > 0
    } else if (scanValue(source, value.from, value.to) !== 'sound') unsure = true
  })
  if (unsure || creds === undefined) return undefined
  const faults = faultsOf([{ type: 'creds', id: '', value: creds }], { linked: true }, revive)
  const doubts =
    faults.length > 0 ? [] : doubtsOf(decodeValue(creds), { highestPreKey, appStateKeys })
  return { keys, faults, doubts }
}

/** The same by decoding every value. */
async function inspectEach(packed: Uint8Array, revive: Revive): Promise<Inspection> {
  const entries = await unpackEntries(packed)
  const faults = faultsOf(entries, { linked: true }, revive)
  const of = (wanted: string) => entries.filter(({ type }) => type === wanted)
  const [creds] = of('creds')
  const preKeys = of(PRE_KEY).map(({ id }) => Number(id))
  const facts = {
    highestPreKey: preKeys.reduce((highest, id) => Math.max(highest, id || 0), 0),
    appStateKeys: of(APP_STATE_KEY).map(({ id }) => id),
  }
  const known = creds !== undefined && faults.length === 0
  const doubts = known ? doubtsOf(decodeValue(creds.value), facts) : []
  return { keys: entries.length - of('creds').length, faults, doubts }
}

/** FNV-1a over type and id: a key by which to find out that one is there twice. */
function hashOf(type: string, source: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < type.length; i += 1) hash = step(hash, type.charCodeAt(i))
  hash = step(hash, 0)
  for (let i = from; i < to; i += 1) hash = step(hash, source[i] ?? 0)
  return hash >>> 0
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
