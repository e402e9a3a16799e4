/** When a session's copies were last verified; undefined: never. Milliseconds since the epoch. */
export interface Verifiable {
  session: string
  at: number | undefined
}

/** Never sooner after the last turn, however many sessions there are. */
const LEAST_MS = 250
/** Sessions that were never verified don't wait for their turn of a week. */
const FIRST_MS = 60_000

/**
 * Whose turn it is, and how long after the last turn: always the one that was verified longest ago,
 * at a pace at which all have had their turn within the interval. So nothing has to be remembered
 * but when each was verified, and a restart goes on where it was.
 */
export function nextTurn(
  sessions: readonly Verifiable[],
  intervalMs: number,
): { session: string; afterMs: number } | undefined {
  const [first, ...rest] = sessions
  if (first === undefined) return undefined
  const oldest = rest.reduce((one, other) => (atOf(other) < atOf(one) ? other : one), first)
  const pace = intervalMs / sessions.length
  const afterMs = oldest.at === undefined ? Math.min(FIRST_MS, pace) : pace
  return { session: oldest.session, afterMs: Math.max(LEAST_MS, afterMs) }
}

function atOf({ at = -Infinity }: Verifiable): number {
  return at
}
