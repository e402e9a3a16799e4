import type { Tidied } from './port.ts'

/** What is known of a held session's tail: the changes that its newest snapshot does not hold. */
export interface Tail {
  /** Changes since the newest snapshot, and the bytes of their records. */
  changes: number
  bytes: number
  /** Bytes of the newest snapshot; 0 when there is none. */
  snapshotBytes: number
  /** Milliseconds since the newest snapshot, or since the session was claimed where there is none. */
  ageMs: number
  /** Milliseconds since the slot at which this boot's range begins was the next one. */
  rangeAgeMs: number
}

/** As many changes as a replay should have at most. */
const MANY = 1_000
/** A tail of so many times the snapshot costs more to read than a new snapshot to write. */
const TIMES = 2

/**
 * What is due for a session: `folded` a new snapshot, `advanced` only its range let go of log that
 * it no longer needs, since nothing of the session is in it.
 */
export function foldDue(tail: Tail, intervalMs: number): Tidied {
  if (tail.changes === 0) return tail.rangeAgeMs >= intervalMs ? 'advanced' : 'not-due'
  const long = tail.changes >= MANY
  const large = tail.snapshotBytes > 0 && tail.bytes >= TIMES * tail.snapshotBytes
  return long || large || tail.ageMs >= intervalMs ? 'folded' : 'not-due'
}
