import { CommanderError } from 'commander'
import { errorToJson, EXIT, GatewayError, toGatewayError } from '../src/session/errors.ts'
import type { Context } from './shared/context.ts'
import { ExitStatus } from './shared/exit.ts'
import { commandPaths, createProgram } from './program.ts'
import { renderError } from './render/error.ts'

/** Runs one command line, without the program's name; returns the exit status. */
export async function main(argv: readonly string[], context: Context): Promise<number> {
  const [first, ...rest] = argv
  // Of a command that there is not, commander itself says so.
  const helps = first === 'help' && isCommand(rest)
  const args = helps ? [...rest, '--help'] : first === 'help' ? rest : [...argv]
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

function isCommand(words: readonly string[]): boolean {
  const asked = words.filter((word) => !word.startsWith('-')).join(' ')
  return asked === '' || commandPaths().some((one) => one.words.join(' ') === asked)
}

function usage({ code, message }: CommanderError): GatewayError {
  const [what = ''] = message.replace(/^error: /, '').split('\n')
  return new GatewayError({
    code: 'usage',
    message: code === 'commander.help' ? 'no command was given' : what,
    hint: 'add --help',
  })
}
