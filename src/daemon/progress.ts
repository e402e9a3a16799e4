import type { SessionState } from '../session/state.ts'
import type { WorkerState } from './state.ts'
import type { Progress } from './systemd/status-line.ts'

/** How far the worker is; undefined: it has not opened its state yet. */
export function progressOf(state: WorkerState | undefined): Progress {
  if (state === undefined)
    return {
      phase: 'opening',
      storeAway: undefined,
      recovery: { phase: 'none', total: 0, done: 0 },
      sessions: new Map(),
      putAway: { done: 0, open: 0 },
      unstored: 0,
    }
  const { phase, recovery, service, storeHealth, replica, leaving } = state
  const sessions = new Map<SessionState, number>()
  for (const runner of service.roster.all())
    sessions.set(runner.state, (sessions.get(runner.state) ?? 0) + 1)
  const { healthy, detail = 'it does not answer' } = storeHealth.view
  return {
    phase,
    storeAway: healthy ? undefined : detail,
    recovery,
    sessions,
    putAway: { done: leaving?.preserved.length ?? 0, open: leaving?.open ?? 0 },
    unstored: replica.lag().bytes,
  }
}
