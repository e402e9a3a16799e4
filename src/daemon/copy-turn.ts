/** How copies to the second site went; times in milliseconds since the epoch. */
export interface CopyHistory {
  /** When the last complete one began: what was stored by then is there. */
  completeAt: number | undefined
  /** When one last began that came to its end with some sessions left out. */
  incompleteAt: number | undefined
  /** The attempts since that ended with an error, and when the last of them did. */
  failures: number
  failedAt: number | undefined
}

/** After a failure, twice as long with each further one, but never longer than the interval. */
const FIRST_RETRY_MS = 60_000

/**
 * Milliseconds until the next copy is due; 0: it is. What only waiting can heal is tried again soon;
 * what some sessions lack, a copy of all of them does not heal sooner than in its turn.
 */
export function untilCopy(history: CopyHistory, intervalMs: number, now: number): number {
  const { completeAt, incompleteAt, failures, failedAt } = history
  if (failedAt !== undefined && failures > 0) {
    const wait = FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20)
    return left(failedAt, Math.min(wait, intervalMs), now)
  }
  const last = Math.max(completeAt ?? -Infinity, incompleteAt ?? -Infinity)
  return left(last, intervalMs, now)
}

/** A time to come was written by a clock that was wrong, and says nothing. */
function left(since: number, ms: number, now: number): number {
  return since > now ? 0 : Math.max(0, since + ms - now)
}
