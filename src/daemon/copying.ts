import type { MethodHandlers } from '../control/handlers.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls about a second site. */
export function copying({ secondSite }: WorkerState): Pick<MethodHandlers, 'backup.copy'> {
  return { 'backup.copy': (input, { emit, signal }) => secondSite.copy(input, { emit, signal }) }
}
