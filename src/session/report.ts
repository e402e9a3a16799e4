import type { CauseId } from './cause.ts'

/** How a session's auth state was brought to the socket. `none`: it was online already. */
export type RecoveryRoute = 'none' | 'warm' | 'cold'

/**
 * What began a recovery: the start of the worker (`provisional`: with the object store away), a
 * person, a list of the backend with sessions that do not run here, the backend's return, or a
 * round over those that failed.
 */
export type RecoveryTrigger =
  | 'start'
  | 'provisional'
  | 'operator'
  | 'assigned'
  | 'backend-returned'
  | 'retry'

/** The result of recovering one session. `recovered` only when its connection is `open`. */
export interface RecoveryResult {
  sessionId: string
  outcome: 'recovered' | 'failed' | 'skipped'
  route?: RecoveryRoute
  cause?: CauseId
  /** The cause in words, for the report's `error` field. */
  detail?: string
  attempts: number
  /** Milliseconds spent, by phase; `queue` before the first attempt began, `total` from there on. */
  durations: { queue?: number; restore?: number; connect?: number; total: number }
  /** Milliseconds since the epoch at which the connection opened. */
  recoveredAt?: number
}

export interface RecoverySummary {
  total: number
  recovered: number
  failed: number
  skipped: number
}

export function summarize(results: readonly RecoveryResult[]): RecoverySummary {
  const count = (outcome: RecoveryResult['outcome']) =>
    results.filter((r) => r.outcome === outcome).length
  return {
    total: results.length,
    recovered: count('recovered'),
    failed: count('failed'),
    skipped: count('skipped'),
  }
}

/** A session that was sealed, stored and released before the worker stopped. */
export interface PreservedSession {
  sessionId: string
  /** False: its state is safe on this host's disk, but the object store has not got all of it. */
  stored: boolean
  detail?: string
  preservedAt: number
}
