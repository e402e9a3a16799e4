import type { Event } from '../../src/control/api.ts'
import type { Progress } from './progress.ts'
import { outageWords } from './recovery.ts'

/** How far a recovery is after one more event. */
export function seen(progress: Progress, event: Event<'recover'>): Progress {
  switch (event.type) {
    case 'settled': {
      const failed = progress.failed + (event.result.outcome === 'failed' ? 1 : 0)
      return { ...progress, done: event.done, total: event.total, failed }
    }
    case 'paused': {
      const waiting = new Map(progress.waiting)
      waiting.set(event.outage, outageWords(event.outage))
      return { ...progress, waiting }
    }
    case 'resumed': {
      const waiting = new Map(progress.waiting)
      waiting.delete(event.outage)
      return { ...progress, waiting }
    }
    default:
      return progress
  }
}
