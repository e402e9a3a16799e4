import type { Writable } from 'node:stream'
import { pino, type LogFn, type Logger } from 'pino'
import { reasons, type LogRing } from './log-ring.ts'
import { Redactor, type LoggedError } from './redact.ts'

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
 * The daemon's log: JSON lines, or plain lines where `stream` is a terminal. Everything that is
 * logged goes through a Redactor (redact.ts), which also takes these secrets out of the finished
 * lines. A line about one session has its id under `session`. `ring` keeps the newest ones.
 */
export function createLogger(
  level: string,
  stream: Writable & { isTTY?: boolean },
  secrets: readonly string[] = [],
  ring?: Pick<LogRing, 'add'>,
): Logger {
  const redactor = new Redactor(secrets)
  const destination = {
    write(line: string) {
      ring?.add(line)
      stream.write(stream.isTTY ? readable(line) : line)
    },
  }
  const children = new Set<WeakRef<Logger>>()
  const logger = pino(
    {
      level,
      onChild: (child) => children.add(new WeakRef(child)),
      base: null,
      // The redactor has described errors already.
      serializers: { err: (described: unknown) => described },
      hooks: {
        logMethod(args, method) {
          method.apply(this, presentable(redactor, args))
        },
        streamWrite: (line) => redactor.withoutSecrets(line),
      },
    },
    destination,
  )
  CHILDREN.set(logger, children)
  return logger
}

/** A child has a level of its own, the one that its parent had. */
const CHILDREN = new WeakMap<Logger, Set<WeakRef<Logger>>>()

/** The level of a logger of `createLogger` and of all that came from it. */
export function setLevel(logger: Logger, level: string): void {
  logger.level = level
  const children = CHILDREN.get(logger) ?? new Set()
  for (const reference of children) {
    const child = reference.deref()
    if (child === undefined) children.delete(reference)
    else child.level = level
  }
}

type LogArguments = Parameters<LogFn>

/** Fields, then the sentence; further arguments, which pino would put into it, are left out. */
function presentable(redactor: Redactor, [first, second]: LogArguments): LogArguments {
  const given: unknown = first
  if (typeof given === 'string') return [redactor.text(given)]
  if (typeof given !== 'object' || given === null) return [{}, String(given)]
  const fields = given instanceof Error ? { err: given } : given
  const sentence = second ?? (given instanceof Error ? given.message : undefined)
  const shown = redactor.fields(fields)
  return sentence === undefined ? [shown] : [shown, redactor.text(sentence)]
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
