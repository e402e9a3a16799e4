import { BackendError } from '../error.ts'
import type { GatewayError } from '../../session/errors.ts'

/**
 * What a failed delivery means:
 *   wait      the backend is away or busy: the letter waits, and the others with it
 *   denied    it refuses the token: as above, for longer
 *   unsure    it does not know this worker, or what answered may not have been the backend: the
 *             letter goes again, but not for ever
 *   refuse    it will never take this letter
 */
export type Verdict = 'wait' | 'denied' | 'unsure' | 'refuse'

/** Deliveries of one letter that may end `unsure`. */
const UNSURE_TRIES = 5

/** `tries`: deliveries of this letter that ended `unsure` before. */
export function judge(error: GatewayError, tries: number): Verdict {
  if (!(error instanceof BackendError)) return error.retryable ? 'wait' : 'refuse'
  if (error.code === 'backend.denied') return 'denied'
  if (error.code === 'backend.unreachable') return 'wait'
  const unsure = error.status === undefined || error.status === 404 || error.status < 400
  return unsure && tries + 1 < UNSURE_TRIES ? 'unsure' : 'refuse'
}
