import { backoffMs, type BackoffSettings } from '../session/backoff.ts'
import type { CauseId } from '../session/cause.ts'

/**
 * Tells an outage of everybody from the trouble of single sessions, and pauses everybody while it
 * lasts.
 *
 *   closed ──many failed alike──► open ──probe due──► probing ──failed──► open (longer)
 *     ▲                            │                     │
 *     └──────── somebody got an answer ──────────────────┘
 *
 * "Many": at least `sessions` different ones, each of which failed since anybody last got an
 * answer, within `windowMs`, and at least half as many as are online. So neither the few sessions
 * that are bad by themselves stop a thousand good ones, nor does it take long to notice that all
 * fail. A worker of one or two sessions never pauses: nobody else would be spared, and that two fail
 * says as little of everybody as of them. Each fails after its retries, which is reported, and tries
 * again by itself, after two minutes at most. Pure; times are milliseconds of one monotonic clock.
 */
export type Breaker =
  | { kind: 'closed'; failed: ReadonlyMap<string, Failure> }
  | { kind: 'open'; since: number; cause: CauseId; probes: number; probeAt: number }
  | { kind: 'probing'; since: number; cause: CauseId; probes: number; ticket: number }

interface Failure {
  at: number
  cause: CauseId
}

export interface BreakerSettings {
  /** Different sessions that have to fail. */
  sessions: number
  /** Milliseconds for which a failure counts. */
  windowMs: number
  /** The waits between probes. */
  probe: BackoffSettings
}

/** How an attempt ended, as far as an outage is concerned. */
export type Ending =
  /** It got through, or was refused in so many words. */
  | { kind: 'answered' }
  | { kind: 'outage'; cause: CauseId }
  /** It says nothing: cancelled, or stopped by something of our own. */
  | { kind: 'neutral' }

export const CLOSED: Breaker = { kind: 'closed', failed: new Map() }

export interface Moment {
  now: number
  /** In [0, 1). */
  random: number
}

/** The breaker after an attempt of `sessionId` with this ticket ended; `online` sessions stand by. */
export function afterAttempt(
  breaker: Breaker,
  attempt: { ticket: number; sessionId: string; ending: Ending; online: number },
  settings: BreakerSettings,
  { now, random }: Moment,
): Breaker {
  const { ending } = attempt
  if (ending.kind === 'answered') return CLOSED
  if (breaker.kind === 'closed') {
    if (ending.kind === 'neutral') return breaker
    return count(breaker, { ...attempt, cause: ending.cause }, settings, { now, random })
  }
  if (breaker.kind === 'open' || breaker.ticket !== attempt.ticket) return breaker
  const { since, cause, probes } = breaker
  const wait = ending.kind === 'neutral' ? 0 : backoffMs(probes, settings.probe, random)
  return { kind: 'open', since, cause, probes, probeAt: now + wait }
}

/** The breaker when the attempt with this ticket starts as its probe. */
export function probing(breaker: Breaker, ticket: number): Breaker {
  if (breaker.kind !== 'open') return breaker
  const { since, cause, probes } = breaker
  return { kind: 'probing', since, cause, probes: probes + 1, ticket }
}

function count(
  { failed }: Extract<Breaker, { kind: 'closed' }>,
  attempt: { sessionId: string; cause: CauseId; online: number },
  { sessions, windowMs, probe }: BreakerSettings,
  { now, random }: Moment,
): Breaker {
  const counted = new Map(failed)
  for (const [id, { at }] of counted) if (at <= now - windowMs) counted.delete(id)
  counted.set(attempt.sessionId, { at: now, cause: attempt.cause })
  if (counted.size < Math.max(sessions, attempt.online / 2))
    return { kind: 'closed', failed: counted }
  const cause = mostCommon([...counted.values()].map((failure) => failure.cause)) ?? attempt.cause
  return { kind: 'open', since: now, cause, probes: 0, probeAt: now + backoffMs(0, probe, random) }
}

function mostCommon(causes: readonly CauseId[]): CauseId | undefined {
  const counts = new Map<CauseId, number>()
  for (const cause of causes) counts.set(cause, (counts.get(cause) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0]
}
