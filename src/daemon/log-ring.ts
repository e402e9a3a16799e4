import { LOG_LEVELS, type LogLevel } from '../control/log-levels.ts'
import type { LoggedError } from './redact.ts'

/** One line of the log, as the control API has it. */
export interface LogLine {
  type: 'line'
  /** Milliseconds since the epoch. */
  at: number
  level: LogLevel
  message: string
  session?: string
  error?: string
  fields?: Record<string, unknown>
}

export interface LogFilter {
  level?: LogLevel
  session?: string
}

const MOST_LINES = 5_000
/** Less than what may wait for a reader of the control API, so that all of it fits. */
const MOST_CHARACTERS = 400_000

/**
 * The newest lines of the log, as pino wrote them and after all redaction. Bounded in lines and in
 * characters; a line is read only when somebody asks for it.
 */
export class LogRing {
  readonly #lines: string[] = []
  readonly #listeners = new Set<(line: LogLine) => void>()
  #characters = 0

  /** A JSON line of pino's. */
  add(line: string): void {
    this.#lines.push(line)
    this.#characters += line.length
    while (this.#lines.length > MOST_LINES || this.#characters > MOST_CHARACTERS)
      this.#characters -= this.#lines.shift()?.length ?? this.#characters
    if (this.#listeners.size === 0) return
    const read = readLogLine(line)
    for (const listener of this.#listeners) listener(read)
  }

  /** The newest `count` lines that the filter lets through, the newest last. */
  recent(count: number, filter: LogFilter = {}): LogLine[] {
    const found: LogLine[] = []
    for (let at = this.#lines.length - 1; at >= 0 && found.length < count; at--) {
      const line = readLogLine(this.#lines[at] ?? '{}')
      if (passes(line, filter)) found.push(line)
    }
    return found.toReversed()
  }

  /** Hands over every new line that the filter lets through; returns the unsubscribe function. */
  on(filter: LogFilter, listener: (line: LogLine) => void): () => void {
    const filtered = (line: LogLine) => {
      if (passes(line, filter)) listener(line)
    }
    this.#listeners.add(filtered)
    return () => this.#listeners.delete(filtered)
  }
}

function passes(line: LogLine, { level, session }: LogFilter): boolean {
  if (session !== undefined && line.session !== session) return false
  return level === undefined || LOG_LEVELS.indexOf(line.level) >= LOG_LEVELS.indexOf(level)
}

function readLogLine(text: string): LogLine {
  const { level, time, msg, err, session, ...fields } = JSON.parse(text) as Record<
    string,
    unknown
  > & { err?: LoggedError }
  return {
    type: 'line',
    at: Number(time),
    level: LOG_LEVELS[Math.round(Number(level) / 10) - 1] ?? 'info',
    message: typeof msg === 'string' ? msg : '',
    ...(typeof session === 'string' && { session }),
    ...(err !== undefined && { error: reasons(err) }),
    ...(Object.keys(fields).length > 0 && { fields }),
  }
}

/** An error and its causes in one line. */
export function reasons({ message, cause }: LoggedError): string {
  return cause === undefined ? message : `${message}: ${reasons(cause)}`
}
