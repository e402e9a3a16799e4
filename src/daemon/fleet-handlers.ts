import type { MethodHandlers } from '../control/handlers.ts'
import { noFleet } from './fleet-link.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to look at the fleet. */
export function fleetHandlers({
  fleet,
}: Pick<WorkerState, 'fleet'>): Pick<MethodHandlers, 'fleet.workers' | 'fleet.sessions'> {
  const reader = () => {
    if (fleet === undefined) throw noFleet()
    return fleet.reader()
  }
  return {
    'fleet.workers': async () => reader().workers(),
    'fleet.sessions': async (query) => reader().sessions(query),
  }
}
