import { existsSync } from 'node:fs'
import { homedir, hostname } from 'node:os'
import { ConfigError } from '../../src/config/problem.ts'
import { CONFIG_VARIABLE, readEnvironment } from '../../src/config/environment.ts'
import { configPlaces, readConfigFile } from '../../src/config/file.ts'
import { resolveOptions } from '../../src/config/resolve.ts'
import type { CommonOptions, Context } from './context.ts'

/** Where the service of deploy/systemd has its socket. */
const SERVICE_SOCKET = '/run/wa-gateway/control.sock'

/**
 * The daemon's socket: --socket, WA_GATEWAY_SOCKET, the file's `socket`, or the default, which is the
 * service's where only that is there. Other
 * settings may be wrong or missing: who asks a daemon need not have its configuration.
 */
export function locateSocket(options: CommonOptions, context: Context): string {
  const { env, cwd } = context
  const environment = readEnvironment(env, cwd)
  const variable = env[CONFIG_VARIABLE]
  const path = options.config ?? variable
  const origin = options.config === undefined ? `environment ${CONFIG_VARIABLE}` : 'flag --config'
  const given = options.socket !== undefined || environment.values.has('socket')
  const found = given
    ? undefined
    : readConfigFile(path ? { path, origin } : undefined, configPlaces(cwd, homedir()), cwd)
  if (found && found.file === undefined && found.problems.length > 0)
    throw new ConfigError(found.problems)
  const facts = { env, home: homedir(), uid: process.getuid?.() ?? -1, hostname: hostname() }
  const { values, origins, problems, broken } = resolveOptions({
    flags: { socket: options.socket },
    environment,
    file: found?.file,
    facts,
    cwd,
  })
  if (broken.has('socket') || broken.has('stateDir')) throw new ConfigError(problems)
  const said = [origins.socket, origins.stateDir].some(({ kind }) => kind !== 'default')
  return said ? values.socket : socketOf(values.socket, SERVICE_SOCKET, existsSync)
}

/** The first that exists; where none does, the usual one. */
export function socketOf(
  usual: string,
  service: string,
  exists: (path: string) => boolean,
): string {
  return !exists(usual) && exists(service) ? service : usual
}
