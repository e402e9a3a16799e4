export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/**
 * How long superseded snapshots stay backups. The rules add up, as restic's do: what one of them
 * keeps stays. Unlike restic's they count from now and not from the newest snapshot, hours and days
 * without one included, so that old ratchets go also where nothing new comes. 0 switches a rule off.
 */
export interface RetentionPolicy {
  /** So many of the newest, however old. */
  keepLast: number
  /** The newest of each of the last so many hours. */
  keepHourly: number
  /** The newest of each of the last so many days (UTC). */
  keepDaily: number
  /** Everything that is younger than so many milliseconds. */
  keepWithin: number
}

export const DEFAULT_RETENTION: RetentionPolicy = {
  keepLast: 4,
  keepHourly: 72,
  keepDaily: 0,
  keepWithin: 0,
}

/** True where `policy` may drop something that `other` keeps. */
export function isStricter(policy: RetentionPolicy, other: RetentionPolicy): boolean {
  // What keeps all of a time keeps the newest of its hours, and those of its days are among them.
  const hours = Math.max(policy.keepHourly * HOUR, policy.keepWithin)
  return (
    policy.keepLast < other.keepLast ||
    policy.keepWithin < other.keepWithin ||
    hours < other.keepHourly * HOUR ||
    Math.max(hours, policy.keepDaily * DAY) < other.keepDaily * DAY
  )
}
