import type { ReplicaContext } from '../context.ts'
import type { NewSnapshot, OwnerRecord, SnapshotRef } from '../owner.ts'
import { endOfLine } from '../past.ts'
import { neededFor } from './needed.ts'
import { retain } from './retain.ts'

/**
 * A new newest snapshot, and which of the older ones stay. It was stored a moment ago, so it is
 * sound; where it is the one that was the newest already, nothing goes.
 */
export function superseding(
  { keeping: { retention, pointInTimeMs }, clock }: Pick<ReplicaContext, 'keeping' | 'clock'>,
  record: OwnerRecord,
  snapshot: NewSnapshot,
): { snapshot: NewSnapshot; kept: SnapshotRef[] } {
  const older = record.snapshot === null ? record.kept : [record.snapshot, ...record.kept]
  const others = older.filter((ref) => ref.epoch !== snapshot.epoch || ref.seq !== snapshot.seq)
  if (others.length < older.length) return { snapshot, kept: others }
  const now = clock.wall()
  const newest = { ...snapshot, position: endOfLine(record) }
  const needed = neededFor({ ...record, snapshot: newest, kept: others }, now - pointInTimeMs)
  const { kept } = retain([newest, ...others], retention, { now, needed })
  return { snapshot, kept: kept.flatMap(({ ref }) => (ref === newest ? [] : [ref])) }
}
