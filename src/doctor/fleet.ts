import type { Result } from '../control/api.ts'
import { openFleetDirectory } from '../fleet/open.ts'
import { readDirectory, type FleetReader } from '../fleet/read.ts'
import { GatewayError } from '../session/errors.ts'
import { ask, check, type Check } from './check.ts'
import { pass, skip, warn, type Finding } from './finding.ts'

export interface FleetFacts {
  database: string
  workers: Pick<
    Awaited<ReturnType<FleetReader['workers']>>['workers'][number],
    'worker' | 'standing'
  >[]
  /** Undefined where no daemon answers. */
  published: Result<'status'>['fleet']
  daemon: boolean
}

/** Reads the directory as `wa-gateway fleet` does, and asks the daemon how it gets on with it. */
export const fleet: Check = check<FleetFacts | undefined>({
  id: 'fleet',
  title: 'Fleet directory',
  async gather({ config, status, signal }) {
    const { url } = config.fleet
    if (url === undefined) return undefined
    const answer = await ask({ status })
    const daemon = !(answer instanceof GatewayError)
    const { label: database } = openFleetDirectory(url.reveal())
    const { workers } = await readDirectory(url.reveal(), (reader) => reader.workers(), signal)
    return { database, workers, published: daemon ? answer.fleet : undefined, daemon }
  },
  judge: judgeFleet,
})

export function judgeFleet(facts: FleetFacts | undefined): Finding {
  if (facts === undefined) return skip('this worker is in none (WA_GATEWAY_FLEET_URL)')
  const { database, workers, published, daemon } = facts
  if (daemon && published === undefined)
    return warn(
      `${database} can be read, but the daemon does not know of it`,
      'restart the daemon: it began with other settings',
    )
  if (published?.state === 'away' || published?.state === 'refused')
    return warn(
      `${database} can be read, but the daemon cannot write there: ${published.detail ?? 'see its log'}`,
      'see what its user may do; `wa-gateway logs --level warn` has the answer of the database',
    )
  const silent = workers.filter(({ standing }) => standing === 'silent')
  if (silent.length > 0)
    return warn(
      `${silent.map(({ worker }) => worker).join(', ')} of ${workers.length} workers ${silent.length === 1 ? 'is' : 'are'} silent`,
      'see whether they run; `wa-gateway fleet` says for how long',
    )
  if (workers.length === 0) return pass(`${database} answers; no worker has published there yet`)
  return pass(`${database} answers, and no worker of ${workers.length} is silent`)
}
