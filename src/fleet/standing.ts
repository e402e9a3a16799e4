import type { FleetWorker } from './port.ts'

/** Milliseconds between two beats of a worker. */
export const BEAT_MS = 10_000

/** Three beats: a worker that is only slow, or whose database was restarted, is not called silent. */
const SILENT_MS = 3 * BEAT_MS

/**
 * `running`: it was heard lately; `silent`: it was not, and never said goodbye; `stopped`: it did.
 * Silence says nothing of who may write: the owner records in the object store do.
 */
export type Standing = 'running' | 'silent' | 'stopped'

export function standingOf({
  stoppedAt,
  silentMs,
}: Pick<FleetWorker, 'stoppedAt' | 'silentMs'>): Standing {
  if (stoppedAt !== undefined) return 'stopped'
  return silentMs > SILENT_MS ? 'silent' : 'running'
}
