import type { SessionState } from '../../session/state.ts'
import type { WorkerState } from '../state.ts'

/** What the service manager is told about, as it is at one moment. */
export interface Progress {
  /** `opening`: nothing answers yet. */
  phase: WorkerState['phase'] | 'opening'
  /** Why the object store is away; undefined while it answers. */
  storeAway: string | undefined
  recovery: Pick<WorkerState['recovery'], 'phase' | 'total' | 'done'>
  /** How many sessions are in each state. */
  sessions: ReadonlyMap<SessionState, number>
  /** Sessions that are put away, of those that were open; 0 of 0 before the stop. */
  putAway: { done: number; open: number }
  /** Bytes on this disk that the object store has not got. */
  unstored: number
}

/** States that pass by themselves: not worth a mention beside the number that is online. */
const PASSING: ReadonlySet<SessionState> = new Set(['queued', 'restoring', 'connecting', 'closing'])

/** One line for `systemctl status`. */
export function statusLine(progress: Progress): string {
  const { phase, storeAway, recovery, putAway } = progress
  const away = storeAway === undefined ? '' : `; the object store is away: ${storeAway}`
  switch (phase) {
    case 'opening':
      return 'opening the local state'
    case 'starting':
      return `starting: ${sessionsLine(progress)}${away}`
    case 'recovering':
      return `recovering: ${recovery.done} of ${recovery.total} done, ${sessionsLine(progress)}${away}`
    case 'running': {
      const again =
        recovery.phase === 'running' ? `, recovering ${recovery.done} of ${recovery.total}` : ''
      return `running: ${sessionsLine(progress)}${again}${away}`
    }
    case 'stopping':
      return `stopping: ${putAway.done} of ${putAway.open} sessions put away${away}`
  }
}

function sessionsLine({ sessions }: Progress): string {
  const total = [...sessions.values()].reduce((sum, count) => sum + count, 0)
  const others = [...sessions]
    .filter(([state, count]) => state !== 'online' && count > 0 && !PASSING.has(state))
    .map(([state, count]) => `, ${count} ${state}`)
  return `${sessions.get('online') ?? 0} of ${total} sessions online${others.join('')}`
}
