import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { GatewayError } from '../../src/session/errors.ts'
import type { Context } from './context.ts'

/**
 * Asks the person at the terminal and returns the line that is typed. `hidden`: what is typed does
 * not show. Throws `interrupted` on Ctrl-C, and on Ctrl-D or where the input ends before a line.
 */
export async function ask(
  words: string,
  { stdin, stderr, signal }: Context,
  { hidden = false } = {},
): Promise<string> {
  // What is typed goes nowhere: readline draws it on an output that drops it.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = hidden
    ? createInterface({ input: stdin, output: nowhere, terminal: true })
    : createInterface({ input: stdin, output: stderr })
  const ended = Promise.withResolvers<never>()
  lines.once('close', () => ended.reject(interrupted()))
  if (hidden) stderr.write(words)
  try {
    return await Promise.race([lines.question(hidden ? '' : words, { signal }), ended.promise])
  } catch (error) {
    if (signal.aborted) throw signal.reason
    // In its raw mode the terminal sends no signal for Ctrl-C: readline says that it was pressed.
    throw interrupted(error)
  } finally {
    lines.close()
    if (hidden) stderr.write('\n')
  }
}

function interrupted(cause?: unknown): GatewayError {
  return new GatewayError({ code: 'interrupted', message: 'interrupted', cause })
}
