import type { ReplicaContext } from '../context.ts'
import { sessionPrefix, snapshotName, snapshotOf } from '../names.ts'
import type { OwnerRecord } from '../owner.ts'

/*
 * Which snapshot objects may be deleted, by anybody, at any time.
 *
 * A snapshot object is stored first and named in the owner record afterwards, so one that the record
 * does not name may be named a moment later. It never will be where it lies *behind* the record:
 *
 * - Fold, release and the end of a way back are the only writes that name a snapshot which the record
 *   did not name before. Each requires that the record is unreleased, at the epoch under which the
 *   snapshot was stored, and at a seq that is not above the snapshot's (transitions.ts).
 * - The epoch of a record never falls; within an epoch its seq never falls and a release is final.
 *   Every write is a compare-and-swap, so this holds for writes that arrive late too: they meet
 *   another record and fail.
 * - So an object of an earlier epoch than the record's, of the same epoch and a lower seq, or of the
 *   same epoch where the record is released, can't be named any more once the record does not name
 *   it. What names it no longer (pruning, a tombstone) is behind the record for the same reasons.
 *
 * Neither ages nor clocks nor locks matter, nor which of listing and record is the older. A deletion
 * that arrives late removes what is behind the record still, a put that arrives late leaves an object
 * for the next sweep, and so does who stops between the record and the deletion.
 */

/** A snapshot object as a listing shows it. */
export interface StoredSnapshot {
  name: string
  epoch: number
  seq: number
  /** Bytes. */
  size: number
}

/** Every snapshot object of a session. */
export async function listSnapshots(
  { store }: Pick<ReplicaContext, 'store'>,
  sessionId: string,
  signal?: AbortSignal,
): Promise<StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for await (const { name, size } of store.list(sessionPrefix(sessionId), signal && { signal })) {
    const place = snapshotOf(sessionId, name)
    if (place !== undefined) found.push({ name, size, ...place })
  }
  return found
}

/** Those of the listed that nobody names from `record` on. */
export function sweepable(
  record: OwnerRecord,
  listed: readonly StoredSnapshot[],
): StoredSnapshot[] {
  const { session, snapshot, kept } = record
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  const named = new Set(refs.map(({ epoch, seq }) => snapshotName(session, epoch, seq)))
  return listed.filter((object) => !named.has(object.name) && isBehind(record, object))
}

function isBehind(record: OwnerRecord, { epoch, seq }: { epoch: number; seq: number }): boolean {
  if (epoch !== record.epoch) return epoch < record.epoch
  return record.released || seq < record.seq
}
