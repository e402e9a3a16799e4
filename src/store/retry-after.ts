import type { IncomingHttpHeaders } from 'node:http'

/** Longer than this nobody is kept waiting, whatever a server asks for, in milliseconds. */
export const LONGEST_HOLD_MS = 10_000

const ASKS = new Set([429, 503])

/**
 * Milliseconds for which a server that has too much to do wants to be left alone (RFC 9110, 10.2.3:
 * seconds or a date), at most LONGEST_HOLD_MS; 0 where it does not say. `now`: milliseconds since the
 * epoch.
 */
export function holdOf(
  { status, headers }: { status?: number; headers?: IncomingHttpHeaders },
  now: number,
): number {
  const asked = headers?.['retry-after']?.trim()
  if (status === undefined || !ASKS.has(status) || asked === undefined) return 0
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - now
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), LONGEST_HOLD_MS)
}
