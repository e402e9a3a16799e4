import { backoffMs, type BackoffSettings } from './backoff.ts'

/**
 * How hard a session tries to come back by itself: after each failure more slowly, more slowly still
 * when its connections don't last, and never more than so often an hour whatever happens. Pure; times
 * are milliseconds since the epoch.
 */
export interface RestraintSettings {
  /** The waits between attempts. */
  reconnect: BackoffSettings
  /** A connection that stood for so long makes up for the failures before it. */
  stableMs: number
  /** Connections lost within `flapWindowMs` that make a session a flapping one. */
  flapCount: number
  flapWindowMs: number
  /** The waits of a flapping session, by how many it lost beyond `flapCount`. */
  flap: BackoffSettings
  /** Logins that a session may begin by itself within an hour. */
  loginsPerHour: number
}

export interface Restraint {
  /** Failures since the last connection that stood for `stableMs`. */
  failures: number
  /** When the newest logins that it began by itself were, oldest first. */
  logins: readonly number[]
  /** When connections that had stood were lost, oldest first. */
  losses: readonly number[]
}

const HOUR_MS = 3_600_000

export const UNRESTRAINED: Restraint = { failures: 0, logins: [], losses: [] }

export function isFlapping(
  { losses }: Restraint,
  { flapCount, flapWindowMs }: RestraintSettings,
  now: number,
): boolean {
  return losses.filter((at) => at > now - flapWindowMs).length >= flapCount
}

/** When the next login may begin by itself, after a failure. */
export function nextLogin(
  restraint: Restraint,
  settings: RestraintSettings,
  { now, random }: { now: number; random: number },
): number {
  const { reconnect, flap, flapCount, flapWindowMs, loginsPerHour } = settings
  const lost = restraint.losses.filter((at) => at > now - flapWindowMs).length
  const usual = backoffMs(restraint.failures, reconnect, random)
  const flapping = lost < flapCount ? 0 : backoffMs(lost - flapCount, flap, random)
  const budget = (restraint.logins.at(-loginsPerHour) ?? -Infinity) + HOUR_MS
  return Math.max(now + usual, now + flapping, budget)
}

export function withinBudget(
  { logins }: Restraint,
  { loginsPerHour }: RestraintSettings,
  now: number,
): boolean {
  return (logins.at(-loginsPerHour) ?? -Infinity) + HOUR_MS <= now
}

export function afterFailure(restraint: Restraint): Restraint {
  return { ...restraint, failures: restraint.failures + 1 }
}

export function afterLogin(
  restraint: Restraint,
  { loginsPerHour }: RestraintSettings,
  now: number,
): Restraint {
  return { ...restraint, logins: [...restraint.logins, now].slice(-loginsPerHour) }
}

/** A connection that had stood since `since` was lost. */
export function afterLoss(
  restraint: Restraint,
  { stableMs, flapWindowMs }: RestraintSettings,
  { since, now }: { since: number; now: number },
): Restraint {
  const losses = [...restraint.losses.filter((at) => at > now - flapWindowMs), now]
  return { ...restraint, losses, failures: now - since < stableMs ? restraint.failures : 0 }
}
