import type { ReplicaContext } from '../context.ts'
import type { OwnerRecord, SnapshotRef } from '../owner.ts'
import { neededFor } from './needed.ts'
import { retain } from './retain.ts'

/**
 * A new newest snapshot, and which of the older ones stay. It was stored a moment ago, so it is
 * sound; where it is the one that was the newest already, nothing goes.
 */
export function superseding(
  {
    retention,
    pointInTimeMs,
    clock,
  }: Pick<ReplicaContext, 'retention' | 'pointInTimeMs' | 'clock'>,
  record: OwnerRecord,
  snapshot: SnapshotRef,
): { snapshot: SnapshotRef; kept: SnapshotRef[] } {
  const older = record.snapshot === null ? record.kept : [record.snapshot, ...record.kept]
  const others = older.filter((ref) => ref.epoch !== snapshot.epoch || ref.seq !== snapshot.seq)
  if (others.length < older.length) return { snapshot, kept: others }
  const now = clock.wall()
  const needed = neededFor({ ...record, snapshot, kept: others }, now - pointInTimeMs)
  const { kept } = retain([snapshot, ...others], retention, { now, needed })
  return { snapshot, kept: kept.flatMap(({ ref }) => (ref === snapshot ? [] : [ref])) }
}
