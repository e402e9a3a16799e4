/** What an owner record says of who has a session. */
export interface Holding {
  epoch: number
  released: boolean
}

/** A session that waits for another worker to give it up. */
export interface Waiting {
  /** When its owner record was looked at last, in milliseconds. */
  lookedAt: number
}

/** Between two looks at the owner record of one session, in milliseconds. */
const LOOK_MS = 3_000

/** The one to look at now: who waits longest for a look, if that is long enough; `random` in [0, 1). */
export function nextToLookAt<T extends Waiting>(
  waiting: Iterable<T>,
  now: number,
  random: number,
): T | undefined {
  let next: T | undefined
  for (const one of waiting) if (next === undefined || one.lookedAt < next.lookedAt) next = one
  const longEnough = LOOK_MS * (0.8 + random * 0.4)
  return next !== undefined && now - next.lookedAt >= longEnough ? next : undefined
}

/**
 * Whether a try before its time may succeed: it was released, or somebody has it who was not tried.
 * `before`: what was seen of the record at the last look; what is seen first is no change.
 */
export function isFreed(before: Holding | undefined, now: Holding | undefined): boolean {
  if (now === undefined) return false
  if (before === undefined || before.epoch === now.epoch)
    return now.released && before?.released !== true
  return true
}
