import { backoffMs } from '../session/backoff.ts'
import type { AttemptOutcome } from './port.ts'

export interface RetrySettings {
  /** Attempts after the first (SESSION_RECOVERY_MAX_RETRIES). */
  maxRetries: number
  /** Milliseconds before the first retry, before jitter (SESSION_RECOVERY_RETRY_DELAY). */
  retryDelayMs: number
}

/** No wait between attempts grows beyond this, unless the setting itself does. */
const MAX_DELAY_MS = 300_000

export type Next =
  | { kind: 'settle' }
  /** `counted: false`: it was no fault of the session's, and waits with everybody. */
  | { kind: 'again'; delayMs: number; counted: boolean }

/**
 * What follows an attempt. One that failed while everybody is paused for the same kind of cause
 * does not count; the pause itself holds the next one back. `failures` counts the earlier ones.
 */
export function afterOutcome(
  outcome: AttemptOutcome,
  { failures, paused }: { failures: number; paused: boolean },
  { maxRetries, retryDelayMs }: RetrySettings,
  random: number,
): Next {
  if (outcome.kind !== 'failed' || !outcome.retryable) return { kind: 'settle' }
  if (paused) return { kind: 'again', delayMs: 0, counted: false }
  if (failures >= maxRetries) return { kind: 'settle' }
  const backoff = { baseMs: retryDelayMs, maxMs: Math.max(MAX_DELAY_MS, retryDelayMs) }
  return { kind: 'again', delayMs: backoffMs(failures, backoff, random), counted: true }
}
