import type { MethodHandlers } from '../control/handlers.ts'
import { drill } from './drill/drill.ts'
import type { WorkerState } from './state.ts'

/** What the control API calls to prove restores. */
export function drilling(worker: WorkerState): Pick<MethodHandlers, 'backup.drill'> {
  return {
    'backup.drill': async (input, { emit, signal }) => {
      const ended = AbortSignal.any([signal, worker.stopping])
      await drill(worker, worker.drill, input, emit, ended)
    },
  }
}
