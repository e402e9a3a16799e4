import { faultsOf, type Revive } from './check.ts'
import { decodeValue } from './codec.ts'
import { doubtsOf } from './doubts.ts'
import { unpackEntries } from './packed.ts'
import type { Entry, Inspection } from './port.ts'
import type { Scanned } from './scan-packed.ts'

/** Packed entries that were looked through, or given back where that takes a closer look. */
export type Scan = (packed: Uint8Array) => Promise<Scanned | Uint8Array>

/**
 * What is to be said of the values that packed.ts packed, of a linked device. Nothing is made of
 * those that are as they should be, so that a store of many sessions is read at the speed at which
 * it is decrypted. Rejects where the bytes are no packed entries, as unpackEntries does.
 */
export async function inspect(packed: Uint8Array, revive: Revive, scan: Scan): Promise<Inspection> {
  const found = await scan(packed)
  if (found instanceof Uint8Array) return inspectEach(await unpackEntries(found), revive)
  const { keys, highestPreKey, creds, appStateKeys } = found
  const decoded = appStateKeys.map(({ id, value }): Entry => ({ type: APP_STATE_KEY, id, value }))
  const entries = [...decoded, { type: 'creds', id: '', value: creds }]
  return { ...inspectEach(entries, revive, highestPreKey), keys }
}

const APP_STATE_KEY = 'app-state-sync-key'

/** The same by decoding every value. `highestPreKey`: of pre-keys that are not among the entries. */
function inspectEach(entries: readonly Entry[], revive: Revive, highestPreKey = 0): Inspection {
  const faults = faultsOf(entries, { linked: true }, revive)
  const of = (wanted: string) => entries.filter(({ type }) => type === wanted)
  const [creds] = of('creds')
  const preKeys = of('pre-key').map(({ id }) => Number(id))
  const facts = {
    highestPreKey: preKeys.reduce((highest, id) => Math.max(highest, id || 0), highestPreKey),
    appStateKeys: of(APP_STATE_KEY).map(({ id }) => id),
  }
  const known = creds !== undefined && faults.length === 0
  const doubts = known ? doubtsOf(decodeValue(creds.value), facts) : []
  return { keys: entries.length - of('creds').length, faults, doubts }
}
