import type { Config } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import type { Inspected } from '../config/load.ts'
import type { Result } from '../control/api.ts'
import { toGatewayError, type GatewayError } from '../session/errors.ts'
import { fail, skip, type Finding } from './finding.ts'

/** What every check may look at. */
export interface DoctorContext {
  env: Environment
  /** Of this program. */
  version: string
  inspected: Inspected
  /** Undefined while the configuration is wrong. */
  config: Config | undefined
  /** Asks the daemon, once for all checks. */
  status: () => Promise<Result<'status'>>
  signal: AbortSignal
}

export interface Check {
  id: string
  title: string
  run: (context: DoctorContext) => Promise<Finding>
}

interface CheckOf<Facts> {
  /** Short, stable: for scripts. */
  id: string
  title: string
  /** Looks, and changes nothing that lasts. What it throws is the finding. */
  gather: (context: DoctorContext & { config: Config }) => Promise<Facts> | Facts
  /** Pure. */
  judge: (facts: Facts) => Finding
}

/** A check that needs a configuration which is right. */
export function check<Facts>({ id, title, gather, judge }: CheckOf<Facts>): Check {
  return {
    id,
    title,
    async run(context) {
      const { config } = context
      if (config === undefined) return skip('waits for the configuration to be right')
      try {
        return judge(await gather({ ...context, config }))
      } catch (thrown) {
        return failed(thrown)
      }
    },
  }
}

/** What went wrong, as a finding: the error's own words, its causes and its hint. */
export function failed(thrown: unknown): Finding {
  const error = toGatewayError(thrown)
  const { cause } = error
  const why =
    cause instanceof Error && !saysAlready(error.message, cause) ? ` (${cause.message})` : ''
  return fail(`${error.message}${why}`, error.hint ?? 'see the log of the daemon')
}

/** The code stands for the message, as in `ECONNREFUSED`. */
function saysAlready(said: string, cause: Error): boolean {
  const { code } = cause as NodeJS.ErrnoException
  return said.includes(cause.message) || (typeof code === 'string' && said.includes(code))
}

/** The daemon's answer, or why there is none. */
export async function ask(
  context: Pick<DoctorContext, 'status'>,
): Promise<Result<'status'> | GatewayError> {
  try {
    return await context.status()
  } catch (thrown) {
    return toGatewayError(thrown)
  }
}
