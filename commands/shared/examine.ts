import { buildConfig } from '../../src/config/config.ts'
import { inspectConfig } from '../../src/config/load.ts'
import type { Result } from '../../src/control/api.ts'
import { ControlClient } from '../../src/control/client.ts'
import { CHECKS, examine, type Examined } from '../../src/doctor/doctor.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { locateSocket } from './connect.ts'
import type { CommonOptions, Context } from './context.ts'

/** Makes doctor's checks, or those named, in this process; whether a daemon runs or not. */
export async function* examination(
  options: CommonOptions,
  context: Context,
  signal: AbortSignal,
  only?: readonly string[],
): AsyncGenerator<Examined, void, void> {
  const { env, cwd, version } = context
  const checks = only === undefined ? CHECKS : only.map(find)
  const inspected = inspectConfig({ env, cwd, configFile: options.config })
  const client = new ControlClient({
    target: { socketPath: socket(options, context, inspected.resolved.values.socket) },
    version,
  })
  let asked: Promise<Result<'status'>> | undefined
  const status = () => (asked ??= client.call('status', {}, signal))
  try {
    const config =
      inspected.problems.length > 0 ? undefined : buildConfig(inspected.resolved.values)
    yield* examine({ env, version, inspected, config, status }, signal, checks)
  } finally {
    await client.close()
  }
}

/** A configuration that is wrong is one of the findings; the daemon may run all the same. */
function socket(options: CommonOptions, context: Context, otherwise: string): string {
  try {
    return locateSocket(options, context)
  } catch (error) {
    if (error instanceof GatewayError) return otherwise
    throw error
  }
}

function find(id: string) {
  const found = CHECKS.find((one) => one.id === id)
  if (found !== undefined) return found
  throw new GatewayError({
    code: 'usage',
    message: `there is no check '${id}'`,
    hint: `the checks are ${CHECKS.map((one) => one.id).join(', ')}`,
  })
}
