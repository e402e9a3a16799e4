import { pino, type Logger } from 'pino'
import type { Writable } from 'node:stream'

const WORDS: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'ERROR',
  60: 'FATAL',
}
const HIDDEN = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'name', 'err'])

/**
 * The daemon's log: JSON lines, or plain lines where `stream` is a terminal. Errors are logged with
 * type, message, code and stack, never with the objects they carry.
 */
export function createLogger(level: string, stream: Writable & { isTTY?: boolean }): Logger {
  const destination = stream.isTTY
    ? { write: (line: string) => stream.write(readable(line)) }
    : stream
  return pino({ level, base: null, serializers: { err: describeError } }, destination)
}

interface LoggedError {
  type: string
  message: string
  code?: string
  stack?: string
  cause?: LoggedError
}

function describeError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  }
}

/** One JSON line of pino's as a line for a person. */
function readable(line: string): string {
  const entry = JSON.parse(line) as Record<string, unknown> & { err?: LoggedError }
  const time = new Date(Number(entry['time'])).toTimeString().slice(0, 8)
  const fields = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const error = entry.err === undefined ? '' : `: ${reasons(entry.err)}`
  return `${time} ${(WORDS[Number(entry['level'])] ?? '').padEnd(5)} ${String(entry['msg'])}${error}${fields.join('')}\n`
}

function reasons(error: LoggedError): string {
  return error.cause === undefined ? error.message : `${error.message}: ${reasons(error.cause)}`
}
