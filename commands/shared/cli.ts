import type { Command } from 'commander'
import type { ControlClient } from '../../src/control/client.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { locateSocket } from './connect.ts'
import type { CommonOptions, Context } from './context.ts'
import { suggestSession } from './suggest.ts'
import { skewWarning } from './skew.ts'

/** What a command that asks the daemon works with. */
export interface Cli {
  client: ControlClient
  /** Aborts on Ctrl-C and after --timeout. */
  signal: AbortSignal
  json: boolean
  /** A result: with --json as one line of JSON, else as text for a person. */
  show: (result: object, text: () => string) => void
  /** An event of a stream: with --json a line of JSON, else nothing. */
  line: (event: object) => void
  /** What is said beside the data, on stderr; with --json nothing. */
  note: (text: string) => void
}

/** Connects to the daemon, runs `work`, and leaves nothing open. */
export async function withDaemon(
  command: Command,
  context: Context,
  work: (cli: Cli) => Promise<void>,
  /** Seconds beyond --timeout, for what the daemon itself ends after --timeout. */
  grace = 0,
): Promise<void> {
  const options = command.optsWithGlobals<CommonOptions>()
  const json = options.json === true
  const note = (text: string) => {
    if (!json) context.stderr.write(`${text}\n`)
  }
  // Half of the time that a command takes to start; what only prints help goes without.
  const { ControlClient } = await import('../../src/control/client.ts')
  const client = new ControlClient({
    target: { socketPath: locateSocket(options, context) },
    version: context.version,
    onSkew: (version) => context.stderr.write(`${skewWarning(version, context.version)}\n`),
  })
  const limit = timeLimit(options.timeout, grace)
  try {
    const line = (event: object) => {
      if (json) context.stdout.write(`${JSON.stringify(event)}\n`)
    }
    await work({
      client,
      signal: AbortSignal.any([context.signal, limit.signal]),
      json,
      show: (result, text) => {
        if (json) line(result)
        else context.stdout.write(text())
      },
      line,
      note,
    })
  } catch (error) {
    throw await suggestSession(error, client, limit.signal)
  } finally {
    limit.clear()
    await client.close()
  }
}

/** Aborts `grace` seconds after --timeout, if that was given; `clear` it when the work is done. */
export function timeLimit(
  seconds: number | undefined,
  grace: number,
  what = 'what the daemon had begun goes on',
): { signal: AbortSignal; clear: () => void } {
  const over = new AbortController()
  if (seconds === undefined) return { signal: over.signal, clear: () => {} }
  const error = new GatewayError({
    code: 'operation.timeout',
    message: `no result within ${seconds} s; ${what}`,
    hint: 'see `wa-gateway status`, or give a longer --timeout',
  })
  const timer = setTimeout(() => over.abort(error), (seconds + grace) * 1_000)
  return { signal: over.signal, clear: () => clearTimeout(timer) }
}
