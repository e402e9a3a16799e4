import { CommanderError } from 'commander'
import { errorToJson, EXIT, toGatewayError } from '../src/session/errors.ts'
import type { Context } from './shared/context.ts'
import { ExitStatus } from './shared/exit.ts'
import { createProgram } from './program.ts'
import { renderError } from './render/error.ts'

/** Runs one command line, without the program's name; returns the exit status. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const [first, ...rest] = argv
  const args = first === 'help' ? [...rest, '--help'] : [...argv]
  try {
    if (first === '__complete') {
      await (await import('./complete.ts')).printCandidates(rest, context)
      return EXIT.ok
    }
    await createProgram(context).parseAsync(args, { from: 'user' })
    return EXIT.ok
  } catch (thrown) {
    if (thrown instanceof ExitStatus) return thrown.status
    // commander has printed what is wrong already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.ok : EXIT.usage
    const error = toGatewayError(thrown)
    const json = args.includes('--json')
    context.stderr.write(
      json ? `${JSON.stringify({ error: errorToJson(error) })}\n` : renderError(error),
    )
    return error.exit
  }
}
