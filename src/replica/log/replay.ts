import type { Entry, SessionImage } from '../../authstate/port.ts'
import { decodeRecord } from '../../authstate/record.ts'
import type { Tail } from './tail.ts'

/** The state at the end of the tail. `base`: the snapshot's; none where the log tells it all. */
export function replay(
  sessionId: string,
  base: SessionImage | undefined,
  { records, end }: Tail,
): SessionImage {
  if (base !== undefined && records.length === 0) return base
  const entries = new Map<string, Entry>()
  for (const entry of base?.entries ?? []) entries.set(keyOf(entry), entry)
  let changedAt = base?.changedAt ?? 0
  for (const record of records) {
    const { at, writes } = decodeRecord(record)
    changedAt = at
    for (const { type, id, value } of writes)
      if (value === null) entries.delete(keyOf({ type, id }))
      else entries.set(keyOf({ type, id }), { type, id, value })
  }
  return { sessionId, ...end, changedAt, entries: [...entries.values()] }
}

function keyOf({ type, id }: { type: string; id: string }): string {
  return `${type}\0${id}`
}
