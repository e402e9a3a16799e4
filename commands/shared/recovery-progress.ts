import type { Event } from '../../src/control/api.ts'
import { begin } from '../render/progress.ts'
import { seen } from '../render/recovery-progress.ts'
import { recoveryProgress } from '../render/recovery.ts'
import type { Context } from './context.ts'
import { showProgress } from './progress.ts'

export interface RecoveryDisplay {
  tell(event: Event<'recover'>): void
  /** As of ProgressDisplay. */
  end(): void
}

/** How a recovery goes; what went wrong with a session is told at once. */
export function showRecovery(context: Context, json: boolean): RecoveryDisplay {
  const display = showProgress(context, json)
  return {
    tell(event) {
      if (event.type === 'begin' && event.total > 1) display.set(begin(event.total, Date.now()))
      if (display.now !== undefined) display.set(seen(display.now, event))
      const words = recoveryProgress(event)
      if (words !== undefined) display.say(words)
    },
    end: () => display.end(),
  }
}
