import type { OwnerRecord } from '../owner.ts'

/** Ids of the snapshots from which the moments since `windowStart` are told. */
export function neededFor(_record: OwnerRecord, _windowStart: number): ReadonlySet<string> {
  return new Set()
}
