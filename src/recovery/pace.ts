/**
 * When login attempts may start: spread evenly with jitter, and never more than `rate` within any
 * second. A late timer is caught up with a little, so that a busy event loop does not slow a start
 * down. Times are milliseconds of one monotonic clock.
 */
export interface Pace {
  /** The next start is due then. */
  next: number
  /** The newest starts, oldest first; at most `rate`. */
  recent: readonly number[]
}

const WINDOW_MS = 1_000
/** How far back a start that was missed is made up for. */
const CATCH_UP_MS = 100

export const UNPACED: Pace = { next: -Infinity, recent: [] }

/** When the next start may be; not later than now where it may be at once. */
export function nextStart({ next, recent }: Pace, rate: number): number {
  const oldest = recent.length < rate ? undefined : recent.at(-rate)
  return oldest === undefined ? next : Math.max(next, oldest + WINDOW_MS)
}

/** The pace after a start; `random` in [0, 1) makes the gap half to one and a half of its mean. */
export function started(pace: Pace, rate: number, now: number, random: number): Pace {
  if (rate === Infinity) return pace
  const gap = (WINDOW_MS / rate) * (0.5 + random)
  return {
    next: Math.max(pace.next, now - CATCH_UP_MS) + gap,
    recent: [...pace.recent, now].slice(-rate),
  }
}
