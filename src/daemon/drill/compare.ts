import type { Entry, JournalEntry } from '../../authstate/port.ts'
import { decodeRecord } from '../../authstate/record.ts'

/** Values by type and id. */
type Values = Map<string, Uint8Array>

export function valuesOf(entries: readonly Entry[]): Values {
  return new Map(entries.map(({ type, id, value }) => [keyOf(type, id), value]))
}

/** What changes that came later make of the values. */
export function withChanges(values: Values, changes: readonly JournalEntry[]): Values {
  const after = new Map(values)
  for (const { record } of changes)
    for (const { type, id, value } of decodeRecord(record).writes)
      if (value === null) after.delete(keyOf(type, id))
      else after.set(keyOf(type, id), value)
  return after
}

/** In words how two states differ, without what is in them; undefined where every byte is the same. */
export function difference(one: Values, other: Values): string | undefined {
  const missing = countOf(one, (key) => !other.has(key))
  const added = countOf(other, (key) => !one.has(key))
  const changed = countOf(one, (key, value) => {
    const found = other.get(key)
    return found !== undefined && Buffer.compare(found, value) !== 0
  })
  if (missing + added + changed === 0) return undefined
  return `${missing} values are missing, ${added} too many, ${changed} different`
}

function countOf(values: Values, test: (key: string, value: Uint8Array) => boolean): number {
  let count = 0
  for (const [key, value] of values) if (test(key, value)) count++
  return count
}

function keyOf(type: string, id: string): string {
  return `${type}\0${id}`
}
