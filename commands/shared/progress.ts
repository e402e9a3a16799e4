import { begin, renderBar, renderLine, type Progress } from '../render/progress.ts'
import type { Context } from './context.ts'

/** On a terminal the line is drawn again so often; elsewhere one is written so often. */
const REDRAW_MS = 200
const LINE_MS = 10_000
const CLEAR = '\r\u001B[K'

export interface ProgressDisplay {
  /** Begins with the first change; what is left out stays as it was. */
  set(change: Partial<Progress>): void
  /** Words of their own on stderr, above the progress. */
  say(words: string): void
  /** Text for stdout, above the progress. */
  print(text: string): void
  /** Takes the progress away; what follows begins on a line of its own. Harmless when repeated. */
  end(): void
}

/**
 * Shows on stderr how something long goes: one line that is drawn again where a person looks, a line
 * every 10 s elsewhere, nothing with --json, whose events tell it. What takes less than that shows
 * nothing.
 */
export function showProgress(
  { stdout, stderr, columns }: Context,
  json: boolean,
): ProgressDisplay & { readonly now: Progress | undefined } {
  const terminal = stderr.isTTY === true
  let progress: Progress | undefined
  let timer: NodeJS.Timeout | undefined
  let drawn = false
  const clear = () => {
    if (drawn) stderr.write(CLEAR)
    drawn = false
  }
  const draw = () => {
    if (progress === undefined) return
    if (!terminal) return void stderr.write(`${renderLine(progress, Date.now())}\n`)
    stderr.write(`${CLEAR}${renderBar(progress, Date.now(), columns ?? 80)}`)
    drawn = true
  }
  return {
    get now() {
      return progress
    },
    set(change) {
      progress = { ...(progress ?? begin(undefined, Date.now())), ...change }
      if (!json) timer ??= setInterval(draw, terminal ? REDRAW_MS : LINE_MS)
    },
    say(words) {
      if (json) return
      clear()
      stderr.write(`${words}\n`)
    },
    print(text) {
      clear()
      stdout.write(text)
    },
    end() {
      clearInterval(timer)
      timer = undefined
      clear()
    },
  }
}
