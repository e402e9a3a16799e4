import { PassThrough, Writable } from 'node:stream'
import type { Context } from '../../commands/shared/context.ts'

export interface Terminal {
  context: Context
  /** What a person types. */
  stdin: PassThrough
  stdout: () => string
  stderr: () => string
}

/** A context whose output is kept; by default no person is at it, as in a pipe. */
export function terminal(more: Partial<Context> = {}): Terminal {
  const out: string[] = []
  const err: string[] = []
  const stdin = new PassThrough()
  const context: Context = {
    stdout: { write: (text) => out.push(text) },
    stderr: new Writable({
      write(chunk, _, done) {
        err.push(String(chunk))
        done()
      },
    }),
    stdin,
    env: {},
    cwd: '/',
    signal: new AbortController().signal,
    isTTY: false,
    canAsk: false,
    columns: undefined,
    rows: undefined,
    version: '0.1.0',
    ...more,
  }
  return { context, stdin, stdout: () => out.join(''), stderr: () => err.join('') }
}
