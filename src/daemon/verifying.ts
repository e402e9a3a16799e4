import type { PartCheck, SessionCheck } from '../replica/verify/port.ts'
import { whyNotNow, type Moment } from './not-now.ts'
import type { WorkerState } from './state.ts'
import { VerifySchedule } from './verify-schedule.ts'

type Parts = Pick<
  WorkerState,
  'replica' | 'verifications' | 'service' | 'workerId' | 'storeHealth' | 'logger' | 'bus'
>

/** The scheduled verification of a worker; `moment`: undefined before there is one. */
export function createVerifySchedule(
  parts: Parts,
  moment: () => Moment | undefined,
  intervalMs: number,
): VerifySchedule {
  const { replica, verifications, service, workerId: worker, storeHealth, logger } = parts
  return new VerifySchedule(
    {
      replica,
      verifications,
      worker,
      logger,
      sessions: () => service.roster.ids(),
      waiting: () => whyNotNow(moment(), storeHealth),
      found: (check) => tell(parts, check),
    },
    intervalMs,
  )
}

function tell({ logger, bus }: Parts, check: SessionCheck | PartCheck): void {
  const about = check.kind === 'session' ? { session: check.sessionId } : { log: check.name }
  if (check.outcome === 'unread')
    logger.warn({ ...about, detail: check.detail }, 'what is stored could not be verified')
  for (const finding of check.findings) {
    const { severity, object, what, todo } = finding
    logger.error({ ...about, severity, object, what, todo }, 'damage in the object store')
    bus.emit({ type: 'finding', finding })
  }
}
