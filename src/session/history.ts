import type { CauseId } from './cause.ts'

/** One thing that was tried for a session, or a connection that was lost, for `status --why`. */
export interface Tried {
  /** Milliseconds since the epoch at which it began. */
  at: number
  /** `online`: a connection that had stood. */
  what: 'restore' | 'login' | 'pairing' | 'online'
  outcome: 'online' | 'failed'
  /** Milliseconds that it took, or stood. */
  ms: number
  cause?: CauseId
  /** What was seen. */
  detail?: string
}

/** Only so much is kept of each session, the newest last. */
const KEPT = 20

export function remember(history: readonly Tried[], entry: Tried): readonly Tried[] {
  return [...history, entry].slice(-KEPT)
}
