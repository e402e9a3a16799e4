import type { OwnerRecord } from './owner.ts'

/** What a record keeps of the epochs before its own. */

/** The origins of a history that is over now, and of those before it. */
export function earlier({ origin, origins }: OwnerRecord): OwnerRecord['origins'] {
  return origin === null ? origins : [origin, ...origins]
}

/**
 * A reader needs to know where an epoch ended while something of that epoch is still named: a kept
 * snapshot. Beyond those, the last few are kept for people who ask how a session moved.
 */
const HISTORY = 16

/** The history of an epoch that goes on from `end` of the previous one. */
export function branched(
  previous: OwnerRecord,
  end: { seq: number; hash: string },
): OwnerRecord['history'] {
  const entry = { epoch: previous.epoch, endSeq: end.seq, hash: end.hash }
  const named = new Set([previous.snapshot, ...previous.kept].map((ref) => ref?.epoch))
  return [entry, ...previous.history].filter(
    ({ epoch }, index) => index < HISTORY || named.has(epoch),
  )
}
