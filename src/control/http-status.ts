import { EXIT, type GatewayError } from '../session/errors.ts'

const BY_EXIT: Record<number, number> = {
  [EXIT.usage]: 400,
  [EXIT.permission]: 403,
  [EXIT.notFound]: 404,
  [EXIT.timedOut]: 504,
  [EXIT.busy]: 409,
  [EXIT.personNeeded]: 409,
  [EXIT.integrity]: 409,
  [EXIT.stale]: 409,
}

/** The HTTP status of an error: 4xx for what the caller can change, 503 for what waiting heals. */
export function httpStatus(error: GatewayError): number {
  return BY_EXIT[error.exit] ?? (error.retryable ? 503 : 500)
}
