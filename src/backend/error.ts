import { GatewayError, type ErrorDetails } from '../session/errors.ts'

/** A backend call that failed; `status` is the HTTP status when there was an answer. */
export class BackendError extends GatewayError {
  readonly status: number | undefined

  constructor(details: ErrorDetails & { status?: number | undefined }) {
    super(details)
    this.name = 'BackendError'
    this.status = details.status
  }
}

/** True when the backend does not know this worker (any more). */
export function isForgotten(error: unknown): boolean {
  return error instanceof BackendError && error.status === 404
}

/** Statuses that waiting may heal, besides every 5xx. */
const PASSING = new Set([408, 425, 429])

/** What an answer that is no success means. `said` is the server's own message, free of secrets. */
export function errorOfStatus(call: string, status: number, said: string): BackendError {
  const answer = `the backend answered ${status} to ${call}${said === '' ? '' : `: ${said}`}`
  if (status === 401 || status === 403)
    return new BackendError({
      code: 'backend.denied',
      status,
      subject: call,
      message: answer,
      hint: 'check WORKER_AUTH_TOKEN and WORKER_ID',
    })
  if (status >= 500 || PASSING.has(status))
    return new BackendError({
      code: 'backend.unreachable',
      status,
      subject: call,
      message: answer,
      hint: "the backend has to be mended, its log says more; the worker's sessions go on",
    })
  return new BackendError({
    code: 'backend.rejected',
    status,
    subject: call,
    message: answer,
    hint: "check BACKEND_URL; the backend's log says more",
  })
}

/** What a call without an answer means. */
export function errorOfFailure(call: string, failure: unknown): BackendError {
  const why = failure instanceof Error ? wordsOf(failure) : String(failure)
  return new BackendError({
    code: 'backend.unreachable',
    subject: call,
    message: `the backend could not be reached for ${call}: ${why}`,
    hint: 'check BACKEND_URL and the network',
    cause: failure,
  })
}

/** Node's refusals to connect on several addresses have a code, but no message. */
function wordsOf(failure: Error & { code?: unknown }): string {
  if (failure.message !== '') return failure.message
  return typeof failure.code === 'string' ? failure.code : failure.name
}

/** An answer whose shape is not the contract's. */
export function errorOfReply(call: string, problem: string): BackendError {
  return new BackendError({
    code: 'backend.rejected',
    subject: call,
    message: `the backend's answer to ${call} is not as agreed: ${problem}`,
    hint: 'check BACKEND_URL; the backend may have another version',
  })
}
