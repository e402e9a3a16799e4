import { neededForMoments } from '../moments.ts'
import { backupId } from '../names.ts'
import type { OwnerRecord } from '../owner.ts'

/** Ids of the older snapshots from which the moments since `windowStart` are told. */
export function neededFor(record: OwnerRecord, windowStart: number): ReadonlySet<string> {
  const needed = neededForMoments(record, windowStart).filter((ref) => ref !== record.snapshot)
  return new Set(needed.map(backupId))
}
