import type { Command } from 'commander'
import { EXIT, GatewayError } from '../../src/session/errors.ts'
import { timeLimit } from './cli.ts'
import { locateSocket } from './connect.ts'
import type { CommonOptions, Context } from './context.ts'
import { exitWith } from './exit.ts'

/** Shows the dashboard on the terminal of this process, or says what to use where there is none. */
export async function openDashboard(
  command: Command,
  context: Context,
  { readonly }: { readonly: boolean },
): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions>()
  const { screen } = context
  const dumb = context.env['TERM'] === 'dumb'
  if (screen === undefined || options.json === true || dumb)
    throw new GatewayError({
      code: 'usage',
      message: options.json
        ? 'the dashboard has no --json'
        : `the dashboard needs a terminal${dumb ? ' that can move its cursor, unlike TERM=dumb' : ''}`,
      hint: 'use `wa-gateway status`, or `wa-gateway status --json` in a script',
    })
  const target = { socketPath: locateSocket(options, context) }
  const color = options.color !== false && !context.env['NO_COLOR']
  const limit = timeLimit(options.timeout, 0, 'the daemon did not answer')
  // Ink takes 300 ms to load, which only this command pays.
  const { showDashboard } = await import('../../src/tui/screen.ts')
  const how = await showDashboard({
    stdin: screen.stdin,
    stdout: screen.stdout,
    stderr: screen.stderr,
    target,
    version: context.version,
    readonly,
    color,
    signal: context.signal,
    firstAnswer: AbortSignal.any([context.signal, limit.signal]),
  }).finally(() => limit.clear())
  exitWith(how === 'asked' ? EXIT.ok : EXIT.interrupted)
}
