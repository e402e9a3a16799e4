export interface BackoffSettings {
  /** Milliseconds before the first retry. */
  baseMs: number
  /** Milliseconds that no wait exceeds. */
  maxMs: number
}

/**
 * Exponential backoff with jitter: between half and all of `base * 2^attempt`, at most `maxMs`.
 * `attempt` counts from 0; `random` is in [0, 1).
 */
export function backoffMs(attempt: number, settings: BackoffSettings, random: number): number {
  const full = Math.min(settings.maxMs, settings.baseMs * 2 ** Math.min(attempt, 30))
  return Math.round(full / 2 + (full / 2) * random)
}
