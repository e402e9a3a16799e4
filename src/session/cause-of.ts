import type { CauseId } from './cause.ts'
import type { ErrorCode, GatewayError } from './errors.ts'

/** A thing that ended a connection: Baileys' status code if it had one, and the error's text. */
export interface DisconnectEvidence {
  statusCode?: number | undefined
  message?: string | undefined
  /** The session was waiting for a phone. */
  pairing?: boolean
}

const BY_CODE: Record<number, CauseId> = {
  401: 'logged-out',
  403: 'banned',
  405: 'version-refused',
  408: 'connection-lost',
  411: 'version-refused',
  428: 'connection-closed',
  440: 'replaced',
  500: 'bad-session',
  503: 'unavailable',
  515: 'restart-required',
}

/** Which cause a disconnect has. Unknown codes are taken for faults that waiting heals. */
export function causeOfDisconnect(evidence: DisconnectEvidence): CauseId {
  const { statusCode, message = '', pairing = false } = evidence
  if (/certificate|invalid signature|noise/i.test(message) && statusCode !== 401)
    return 'certificate'
  if (pairing && /QR refs attempts ended/.test(message)) return 'pairing-expired'
  if (
    statusCode === undefined ||
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/.test(message)
  )
    return 'unreachable'
  return BY_CODE[statusCode] ?? (statusCode >= 500 ? 'server-error' : 'connection-closed')
}

const BY_ERROR: Partial<Record<ErrorCode, CauseId>> = {
  'store.unavailable': 'store-unavailable',
  'store.gone': 'store-unavailable',
  'store.unknown-outcome': 'store-unavailable',
  'store.full': 'store-unavailable',
  'store.denied': 'store-refused',
  'store.no-bucket': 'store-refused',
  'store.no-conditional-writes': 'store-refused',
  'state.corrupt': 'damaged',
  'state.disk': 'disk',
  'state.sealed': 'shutdown',
  'replica.damaged': 'damaged',
  'replica.missing': 'damaged',
  'replica.stale': 'stale',
  'replica.owned-elsewhere': 'owned-elsewhere',
  'replica.fenced': 'owned-elsewhere',
  'session.needs-pairing': 'no-state',
  'session.timeout': 'timeout',
  interrupted: 'cancelled',
}

/** Which cause an error of our own has. */
export function causeOfError(error: GatewayError): CauseId {
  return BY_ERROR[error.code] ?? 'internal'
}
