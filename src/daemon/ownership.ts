import type { Logger } from 'pino'
import type { WorkerRegistry } from '../backend/port.ts'
import type { Replica, Wanted } from '../replica/port.ts'
import type { BaileysService } from '../whatsapp/service.ts'

interface Ports {
  replica: Pick<Replica, 'onFenced' | 'onWanted' | 'forfeits'>
  backend: Pick<WorkerRegistry, 'kind' | 'getAssignedSessions'>
  service: Pick<BaileysService, 'handOver'>
  logger: Logger
}

/** Says what other workers took from this one, and hands over what they ask for with good reason. */
export function watchOwnership(ports: Ports): void {
  const { replica, logger } = ports
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
  replica.onWanted((wanted) => void answer(ports, wanted))
}

/** Only the backend can say that a session is not this worker's any more; asking alone is no reason. */
async function answer({ backend, service, logger }: Ports, wanted: Wanted): Promise<void> {
  const { sessionId: session, worker } = wanted
  try {
    if (backend.kind === 'http') {
      const assigned = await backend.getAssignedSessions()
      if (!assigned.some(({ sessionId }) => sessionId === session)) {
        logger.info({ session, worker }, 'handing the session over to the worker it is assigned to')
        return await service.handOver(session)
      }
    }
    logger.warn(
      { session, worker },
      'another worker asks for a session that is assigned to this one',
    )
  } catch (error) {
    logger.error({ err: error, session, worker }, 'another worker asks for a session')
  }
}
