import { isDeepStrictEqual } from 'node:util'
import { isOwnType } from './own-type.ts'

/** One value of a session's state: creds, or a key. */
export interface StateValue {
  type: string
  id: string
  value: Uint8Array
}

/** What became of the keys of one type. Ids name contacts and groups. */
interface TypeDiff {
  type: string
  same: number
  added: string[]
  removed: string[]
  changed: string[]
}

export interface StateDiff {
  types: TypeDiff[]
  /** The fields of the creds that differ, by name. */
  creds: string[]
}

/**
 * What changed from one state of a session to another, never the values. The gateway's own entries
 * are left out. `fieldsOf` decodes creds.
 */
export function diffStates(
  from: readonly StateValue[],
  to: readonly StateValue[],
  fieldsOf: (creds: Uint8Array) => Record<string, unknown>,
): StateDiff {
  const before = byType(from)
  const after = byType(to)
  const types = [...new Set([...before.keys(), ...after.keys()])]
    .filter((type) => type !== 'creds')
    .toSorted()
  const [one] = before.get('creds')?.values() ?? []
  const [other] = after.get('creds')?.values() ?? []
  return {
    types: types.map((type) => diffType(type, before.get(type), after.get(type))),
    creds: fieldsThatDiffer(one && fieldsOf(one), other && fieldsOf(other)),
  }
}

type ById = ReadonlyMap<string, Uint8Array>

function byType(values: readonly StateValue[]): Map<string, Map<string, Uint8Array>> {
  const types = new Map<string, Map<string, Uint8Array>>()
  for (const { type, id, value } of values) {
    if (isOwnType(type)) continue
    const ids = types.get(type) ?? new Map<string, Uint8Array>()
    types.set(type, ids.set(id, value))
  }
  return types
}

function diffType(type: string, before: ById = new Map(), after: ById = new Map()): TypeDiff {
  const diff: TypeDiff = { type, same: 0, added: [], removed: [], changed: [] }
  for (const [id, value] of before) {
    const now = after.get(id)
    if (now === undefined) diff.removed.push(id)
    else if (Buffer.compare(value, now) === 0) diff.same++
    else diff.changed.push(id)
  }
  for (const id of after.keys()) if (!before.has(id)) diff.added.push(id)
  return diff
}

function fieldsThatDiffer(
  before: Record<string, unknown> = {},
  after: Record<string, unknown> = {},
): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name])).toSorted()
}

/** An id with the middle of every longer number left out: `491…67.0`. */
export function shortenId(id: string): string {
  return id.replaceAll(/\d{6,}/g, (digits) => `${digits.slice(0, 3)}…${digits.slice(-2)}`)
}

/** What going back from the later state to the earlier one breaks, in sentences for a person. */
export function whatGoingBackBreaks({ types, creds }: StateDiff): string[] {
  const of = (type: string): TypeDiff =>
    types.find((diff) => diff.type === type) ?? {
      type,
      same: 0,
      added: [],
      removed: [],
      changed: [],
    }
  const moved = contacts([...of('session').changed, ...of('session').removed])
  const fresh = contacts(of('session').added)
  const preKeys = of('pre-key')
  const used = preKeys.removed.length
  const uploaded = preKeys.added.length
  const groups = of('sender-key').changed.length + of('sender-key').added.length
  const sync = types.some(
    ({ type, added, changed }) =>
      type.startsWith('app-state-sync') && added.length + changed.length > 0,
  )
  const identity = creds.filter((name) => IDENTITY.has(name))
  const said: [boolean, string][] = [
    [
      identity.length > 0,
      `these are two pairings (${identity.join(', ')} differ): WhatsApp refuses the earlier one if its device was unlinked`,
    ],
    [
      moved > 0,
      `the sessions of ${count(moved, 'contact')} moved on: going back breaks them in both directions until they are made anew, after a message could not be read`,
    ],
    [
      fresh > 0,
      `${count(fresh, 'contact')} got a session that the earlier state does not have: the next message of each cannot be read until it is sent again`,
    ],
    [
      used > 0,
      `${count(used, 'pre-key')} were used up since: the earlier state offers them once more`,
    ],
    [
      uploaded > 0,
      `${count(uploaded, 'pre-key')} were uploaded since: who begins with one of them cannot be read at first`,
    ],
    [
      groups > 0,
      `${count(groups, 'sender key')} of groups moved on: messages there cannot be read until their senders send the key again`,
    ],
    [sync, 'contacts, chats and settings are synchronised anew'],
  ]
  return said.filter(([holds]) => holds).map(([, words]) => words)
}

/** Fields that never change within one pairing. */
const IDENTITY = new Set(['noiseKey', 'signedIdentityKey', 'registrationId', 'advSecretKey'])

/** A contact has a session for each device: `491701234567.0`, `491701234567_1.12`. */
function contacts(ids: readonly string[]): number {
  return new Set(ids.map((id) => /^[^._:@]+/.exec(id)?.[0] ?? id)).size
}

function count(number: number, one: string): string {
  return `${number} ${number === 1 ? one : `${one}s`}`
}
