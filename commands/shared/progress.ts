import type { Event } from '../../src/control/api.ts'
import { recoveryProgress } from '../render/recovery.ts'
import { begin, renderBar, renderLine, seen, type Progress } from '../render/progress.ts'
import type { Context } from './context.ts'

/** On a terminal the bar is drawn again so often; elsewhere a line is written so often. */
const REDRAW_MS = 200
const LINE_MS = 10_000
const CLEAR = '\r\u001B[K'

export interface ProgressDisplay {
  tell(event: Event<'recover'>): void
  /** Takes the bar away; what follows begins on a line of its own. Harmless when repeated. */
  end(): void
}

/**
 * Shows on stderr how a recovery goes: a bar where a person looks, a line every 10 s elsewhere,
 * nothing with --json. What went wrong with a session is told at once.
 */
export function showProgress({ stderr, columns }: Context, json: boolean): ProgressDisplay {
  if (json) return { tell: () => {}, end: () => {} }
  const terminal = stderr.isTTY === true
  let progress: Progress | undefined
  const draw = () => {
    if (progress === undefined) return
    if (terminal) stderr.write(`${CLEAR}${renderBar(progress, Date.now(), columns ?? 80)}`)
    else stderr.write(`${renderLine(progress, Date.now())}\n`)
  }
  let timer: NodeJS.Timeout | undefined
  return {
    tell(event) {
      if (event.type === 'begin') {
        progress = begin(event.total, Date.now())
        if (event.total > 1) timer ??= setInterval(draw, terminal ? REDRAW_MS : LINE_MS)
      }
      if (progress !== undefined) progress = seen(progress, event)
      const words = recoveryProgress(event)
      if (words !== undefined) stderr.write(`${terminal ? CLEAR : ''}${words}\n`)
    },
    end() {
      if (timer === undefined) return
      clearInterval(timer)
      timer = undefined
      if (terminal) stderr.write(CLEAR)
    },
  }
}
