import type { Config } from '../config/config.ts'
import { OwnerWatch } from './owner-watch.ts'
import { RetentionRounds } from './retention.ts'
import { tryAgain } from './retry.ts'
import { Scrub } from './scrub.ts'
import { SnapshotSchedule } from './snapshots.ts'
import type { WorkerState } from './state.ts'

/** Something that the daemon does by itself, every now and then. `stop` waits for what is under way. */
export interface Schedule {
  start(): void
  stop(): Promise<void>
}

/** Everything that runs by itself once the object store answers; nothing of it is started. */
export function createSchedules(
  state: WorkerState,
  config: Config,
): { snapshots: SnapshotSchedule; parts: readonly Schedule[] } {
  const { auth, replica, service, logger, backPressure, rounds } = state
  const { verifying, copying, storeHealth, stopping } = state
  const snapshots = new SnapshotSchedule({ auth, replica, logger }, config.snapshot.interval)
  const retention = new RetentionRounds({ auth, replica, logger })
  const quiet = () => state.phase === 'running'
  const scrub = new Scrub({ roster: service.roster, quiet, logger })
  const owners = new OwnerWatch({
    roster: service.roster,
    replica,
    storeHealthy: () => storeHealth.view.healthy,
    tryAgain: (ids) => tryAgain(service, ids, stopping),
    logger,
  })
  const parts = [snapshots, rounds, owners, backPressure, scrub, retention, verifying]
  return { snapshots, parts: copying === undefined ? parts : [...parts, copying] }
}
