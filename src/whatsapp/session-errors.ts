import { CAUSES, nextStep, type CauseId } from '../session/cause.ts'
import { GatewayError, type ErrorCode } from '../session/errors.ts'
import type { SessionState } from '../session/state.ts'

interface Subject {
  id: string
  state: SessionState
  cause: CauseId | undefined
  detail: string | undefined
}

const CODE_AFTER: Partial<Record<SessionState, ErrorCode>> = {
  'needs-pairing': 'session.needs-pairing',
  banned: 'session.needs-pairing',
  conflict: 'replica.owned-elsewhere',
}

/** Why a session is not online, for whoever waited for that. */
export function failure({ id, state, cause = 'internal', detail }: Subject): GatewayError {
  const late = cause === 'timeout' || cause === 'pairing-expired'
  return new GatewayError({
    code: late ? 'session.timeout' : (CODE_AFTER[state] ?? 'session.not-online'),
    subject: id,
    message: `session ${id}: ${detail ?? CAUSES[cause].words}`,
    hint: nextStep(cause, id),
  })
}

/** The state of a session as the reason why something cannot be done. */
export function refusal(
  { id, state }: Subject,
  code: 'session.not-online' | 'session.busy',
  why: string,
  hint: string,
): GatewayError {
  return new GatewayError({ code, subject: id, message: `session ${id} is ${state}${why}`, hint })
}

export function notOnline(subject: Subject, why: string, hint: string): GatewayError {
  return refusal(subject, 'session.not-online', why, hint)
}

export function stopping(id: string): GatewayError {
  return new GatewayError({
    code: 'interrupted',
    subject: id,
    message: `session ${id} is being stopped`,
  })
}
