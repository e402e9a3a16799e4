import type { Logger } from 'pino'
import type { Replica } from '../replica/port.ts'
import type { AssignmentWatch } from './assignment-watch.ts'

interface Ports {
  replica: Pick<Replica, 'onFenced' | 'onWanted' | 'forfeits'>
  /** Undefined without a backend: then nobody can say that a session is not this worker's. */
  assignments: Pick<AssignmentWatch, 'look'> | undefined
  logger: Logger
}

/** Says what other workers took from this one, and looks into it when they ask for something. */
export function watchOwnership({ replica, assignments, logger }: Ports): void {
  replica.onFenced(({ boot, next, kept, lost }) => {
    logger.error(
      { boot, next, kept: kept.length, lost: lost.length },
      'another worker took sessions over: they are closed here, the others go on',
    )
    for (const session of lost) {
      const forfeit = replica.forfeits().findLast(({ sessionId }) => sessionId === session)
      const { by: worker, changes: forfeited } = forfeit ?? {}
      logger.error({ session, worker, forfeited }, 'another worker took the session over')
    }
  })
  replica.onWanted(({ sessionId: session, worker }) => {
    logger.warn({ session, worker }, 'another worker asks for a session that runs here')
    // Asking alone is no reason to give it up.
    assignments?.look()
  })
}
