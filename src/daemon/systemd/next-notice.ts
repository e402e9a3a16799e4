import type { Notice } from './service-manager.ts'

/**
 * What is said to systemd by and by. The events READY, RELOADING and STOPPING are said at once and
 * are not decided here.
 *
 *   starting ──READY──► running ◄──RELOADING … READY──► reloading
 *       └─────STOPPING─────┴────────► stopping
 */
export type Stage = 'starting' | 'running' | 'reloading' | 'stopping'

/** How it stands at one moment. */
export interface Moment {
  /** Milliseconds of a monotonic clock. */
  now: number
  stage: Stage
  /** What only a restart heals has not happened. */
  alive: boolean
  status: string
  /** Grows with whatever moves a stop forward. */
  moved: number
}

/** What was said last, and when. */
export interface Said {
  status: string | undefined
  statusAt: number
  watchdogAt: number
  extendedAt: number
  moved: number
}

export const NOTHING_SAID: Said = {
  status: undefined,
  statusAt: -Infinity,
  watchdogAt: -Infinity,
  extendedAt: -Infinity,
  moved: 0,
}

/** Milliseconds between two status lines. */
const STATUS_MS = 5_000
const STATUS_STOPPING_MS = 1_000
/** What a start that waits, say for the object store, asks for again and again. */
const START = { everyMs: 10_000, extendMs: 60_000 }
/** What a stop gets for each step forward. */
const STOP = { everyMs: 1_000, extendMs: 15_000 }

/**
 * The notice that is due, or undefined. A sign of life is given three times within the watchdog's
 * time, so that one may be lost, and none at all while something only a restart heals is the matter.
 * A start is extended while the worker is alive, a stop only when it has moved forward since.
 */
export function nextNotice(
  { now, stage, alive, status, moved }: Moment,
  said: Said,
  watchdogMs: number | undefined,
): { notice: Notice; said: Said } | undefined {
  const notice: Notice = {}
  const next = { ...said }
  if (alive && watchdogMs !== undefined && now - said.watchdogAt >= watchdogMs / 3) {
    notice.WATCHDOG = '1'
    next.watchdogAt = now
  }
  const extension = stage === 'starting' ? START : STOP
  const deserved =
    (stage === 'starting' && alive) || (stage === 'stopping' && alive && moved > said.moved)
  if (deserved && now - said.extendedAt >= extension.everyMs) {
    notice.EXTEND_TIMEOUT_USEC = String(extension.extendMs * 1_000)
    next.extendedAt = now
    next.moved = moved
  }
  const pause = stage === 'stopping' ? STATUS_STOPPING_MS : STATUS_MS
  if (status !== said.status && now - said.statusAt >= pause) {
    notice.STATUS = status
    next.status = status
    next.statusAt = now
  }
  return Object.keys(notice).length === 0 ? undefined : { notice, said: next }
}
