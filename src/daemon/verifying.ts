import type { PartCheck, SessionCheck } from '../replica/verify/port.ts'
import type { WorkerState } from './state.ts'
import { VerifySchedule } from './verify-schedule.ts'

type Parts = Pick<
  WorkerState,
  'replica' | 'verifications' | 'service' | 'workerId' | 'storeHealth' | 'logger' | 'bus'
>
type Moment = Pick<WorkerState, 'phase' | 'recovery'>

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
      waiting: () => waiting(moment(), storeHealth),
      found: (check) => tell(parts, check),
    },
    intervalMs,
  )
}

/** It is of less importance than everything else. */
function waiting(
  moment: Moment | undefined,
  { view }: WorkerState['storeHealth'],
): string | undefined {
  if (moment?.phase === 'stopping') return 'the worker stops'
  if (moment?.phase !== 'running' || moment.recovery.phase === 'running')
    return 'sessions are being recovered'
  return view.healthy ? undefined : 'the object store is away'
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
