import type { Command } from 'commander'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError } from '../../src/config/problem.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { FleetReader } from '../../src/fleet/read.ts'
import type { Cli } from './cli.ts'
import type { CommonOptions, Context } from './context.ts'

interface Question<T> {
  /** Through the daemon. */
  asked: () => Promise<T>
  /** Straight from the database. */
  read: (reader: FleetReader) => Promise<T>
}

/** What the daemon says of the fleet; while none answers, what the configured database says. */
export async function readFleet<T>(
  command: Command,
  context: Context,
  { signal, note }: Cli,
  { asked, read }: Question<T>,
): Promise<T> {
  try {
    return await asked()
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'daemon.unreachable') throw error
    const url = fleetUrl(command, context)
    if (url === undefined) throw error
    note(`${error.message}; this is from the database itself`)
    const { readDirectory } = await import('../../src/fleet/read.ts')
    return readDirectory(url, read, signal)
  }
}

/** Undefined where none is configured, or the configuration is wrong. */
function fleetUrl(command: Command, { env, cwd }: Context): string | undefined {
  const { config: configFile } = command.optsWithGlobals<CommonOptions>()
  try {
    return loadConfig({ env, cwd, flags: {}, configFile }).config.fleet.url?.reveal()
  } catch (error) {
    // That no daemon answers is what was found first.
    if (error instanceof ConfigError) return undefined
    throw error
  }
}
