import type { MethodHandlers } from '../control/handlers.ts'
import { given } from '../session/given.ts'
import type { WorkerState } from './state.ts'

const LINES = 200

/** The newest lines of the log, and with `follow` all that come until the caller leaves. */
export function logHandlers({ logs }: Pick<WorkerState, 'logs'>): Pick<MethodHandlers, 'logs'> {
  return {
    logs: async ({ follow = false, level, session, lines = LINES }, { emit, signal }) => {
      const filter = given({ level, session })
      for (const line of logs.recent(lines, filter)) emit(line)
      if (!follow) return emit({ type: 'end' })
      const unsubscribe = logs.on(filter, emit)
      try {
        if (!signal.aborted)
          await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
      } finally {
        unsubscribe()
      }
    },
  }
}
