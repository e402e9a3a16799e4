import { laneSession } from '../backend/outbox/letter.ts'
import type { Logger } from 'pino'
import type { OutboxEvent } from '../backend/outbox/outbox.ts'
import type { ReachChange } from '../backend/reach.ts'
import { toGatewayError } from '../session/errors.ts'

interface BackendLog {
  reach(change: ReachChange): void
  /** A registration or heartbeat failed. */
  failed(error: unknown): void
  outbox(event: OutboxEvent): void
}

/** Says how it goes with the backend: each change once, not each failed call. */
export function logBackend(logger: Logger): BackendLog {
  let said: string | undefined
  return {
    reach: ({ from, to, lasted, error }) => {
      said = error?.message
      if (to === 'denied')
        logger.error(
          { err: error },
          'the backend refuses the token; check WORKER_AUTH_TOKEN. It is asked again every now and then',
        )
      else if (to === 'away')
        logger.error({ err: error }, 'the backend is away; the worker goes on and keeps trying')
      else if (from !== 'unknown')
        logger.info({ after: Math.round(lasted) }, 'the backend answers again')
    },
    failed: (thrown) => {
      const error = toGatewayError(thrown)
      if (error.message === said) return
      said = error.message
      logger.warn({ err: error }, 'the backend did not take a registration or heartbeat')
    },
    outbox: (event) => {
      switch (event.type) {
        case 'paused':
          logger.warn(
            { err: event.error, waiting: event.waiting },
            'reports and statuses wait until the backend takes them',
          )
          break
        case 'resumed':
          logger.info({ waiting: event.waiting }, 'the backend takes reports and statuses again')
          break
        case 'refused':
          logger.error(
            { err: event.error, call: event.letter.call, session: laneSession(event.letter.lane) },
            'the backend will never take this: it is set apart in the registry',
          )
          break
        case 'dropped':
          logger.error(
            { letters: event.letters },
            'too much waits for the backend: the oldest reports were given up',
          )
          break
        case 'disk':
          logger.error({ err: event.error }, 'what waits for the backend could not be written')
      }
    },
  }
}
