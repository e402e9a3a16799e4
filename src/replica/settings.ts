import { DEFAULT_RETENTION, type RetentionPolicy } from './retention/policy.ts'

const HOUR = 3_600_000
const POINT_IN_TIME_HOURS = 72

/** What may change while the replica runs. */
export interface ReplicaSettings {
  /** Milliseconds between two bundles at most; default 1,000, with `ack: remote` 25. */
  shipWindowMs?: number | undefined
  /** How long log that nobody needs any more is kept for going back; default 72. */
  pointInTimeHours?: number
  /** Which superseded snapshots stay; default DEFAULT_RETENTION. */
  retention?: RetentionPolicy
}

/** How long what is superseded stays; changed in place. */
export interface Keeping {
  retention: RetentionPolicy
  /** How far back every moment can be restored, in milliseconds. */
  pointInTimeMs: number
}

export function keepingOf({
  pointInTimeHours = POINT_IN_TIME_HOURS,
  retention = DEFAULT_RETENTION,
}: ReplicaSettings): Keeping {
  return { retention, pointInTimeMs: pointInTimeHours * HOUR }
}
