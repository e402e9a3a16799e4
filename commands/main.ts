import { CommanderError } from 'commander'
import { errorToJson, EXIT, GatewayError, toGatewayError } from '../src/session/errors.ts'
import type { Context } from './shared/context.ts'
import { ExitStatus } from './shared/exit.ts'
import { createProgram } from './program.ts'
import { renderError } from './render/error.ts'

/** Runs one command line, without the program's name; returns the exit status. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const [first, ...rest] = argv
  const args = first === 'help' ? [...rest, '--help'] : [...argv]
  const json = args.includes('--json')
  try {
    if (first === '__complete') {
      await (await import('./complete.ts')).printCandidates(rest, context)
      return EXIT.ok
    }
    await createProgram(context, json).parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (thrown) {
    if (thrown instanceof ExitStatus) return thrown.status
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok
    // Without --json commander has printed what is wrong already.
    if (thrown instanceof CommanderError && !json) return EXIT.usage
    const error = thrown instanceof CommanderError ? usage(thrown) : toGatewayError(thrown)
    context.stderr.write(
      json ? `${JSON.stringify({ error: errorToJson(error) })}\n` : renderError(error),
    )
    return error.exit
  }
}

function usage({ code, message }: CommanderError): GatewayError {
  const [what = ''] = message.replace(/^error: /, '').split('\n')
  return new GatewayError({
    code: 'usage',
    message: code === 'commander.help' ? 'no command was given' : what,
    hint: 'add --help',
  })
}
