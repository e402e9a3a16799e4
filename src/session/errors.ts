/** Exit statuses of the CLI, from docs/ARCHITECTURE.md. Every GatewayError maps to one of them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  permission: 4,
  notFound: 5,
  unreachable: 6,
  timedOut: 7,
  busy: 9,
  personNeeded: 10,
  integrity: 11,
  stale: 12,
  configuration: 78,
  interrupted: 130,
} as const

/** What every error code means to the shell, and whether waiting alone can heal it. */
export const CODES = {
  'config.invalid': { exit: EXIT.configuration, retryable: false },
  usage: { exit: EXIT.usage, retryable: false },
  internal: { exit: EXIT.failed, retryable: false },
  interrupted: { exit: EXIT.interrupted, retryable: false },

  'store.unavailable': { exit: EXIT.failed, retryable: true },
  'store.gone': { exit: EXIT.unreachable, retryable: true },
  'store.unknown-outcome': { exit: EXIT.failed, retryable: true },
  'store.denied': { exit: EXIT.permission, retryable: false },
  'store.no-bucket': { exit: EXIT.failed, retryable: false },
  'store.full': { exit: EXIT.failed, retryable: true },
  'store.bad-name': { exit: EXIT.failed, retryable: false },
  'store.no-conditional-writes': { exit: EXIT.configuration, retryable: false },

  'state.locked': { exit: EXIT.busy, retryable: false },
  'state.corrupt': { exit: EXIT.integrity, retryable: false },
  'state.disk': { exit: EXIT.failed, retryable: false },
  'state.sealed': { exit: EXIT.failed, retryable: false },
  'state.permission': { exit: EXIT.permission, retryable: false },
  'state.newer': { exit: EXIT.configuration, retryable: false },

  'replica.damaged': { exit: EXIT.integrity, retryable: false },
  'replica.missing': { exit: EXIT.notFound, retryable: false },
  'replica.owned-elsewhere': { exit: EXIT.busy, retryable: true },
  'replica.fenced': { exit: EXIT.busy, retryable: false },
  'replica.no-key': { exit: EXIT.configuration, retryable: false },
  'replica.stale': { exit: EXIT.stale, retryable: false },

  'session.unknown': { exit: EXIT.notFound, retryable: false },
  'session.busy': { exit: EXIT.busy, retryable: true },
  'session.bad-id': { exit: EXIT.usage, retryable: false },
  'session.needs-pairing': { exit: EXIT.personNeeded, retryable: false },
  'session.rejected': { exit: EXIT.failed, retryable: false },
  'session.not-online': { exit: EXIT.failed, retryable: true },
  'session.timeout': { exit: EXIT.timedOut, retryable: true },
  'session.limit': { exit: EXIT.failed, retryable: false },

  'recovery.unknown': { exit: EXIT.notFound, retryable: false },

  'backend.unreachable': { exit: EXIT.failed, retryable: true },
  'backend.rejected': { exit: EXIT.failed, retryable: false },
  'backend.denied': { exit: EXIT.permission, retryable: false },

  'fleet.unreachable': { exit: EXIT.unreachable, retryable: true },
  'fleet.refused': { exit: EXIT.permission, retryable: false },
  'fleet.newer': { exit: EXIT.configuration, retryable: false },
  'fleet.off': { exit: EXIT.configuration, retryable: false },

  'daemon.unreachable': { exit: EXIT.unreachable, retryable: true },
  'daemon.stopping': { exit: EXIT.unreachable, retryable: true },
  'daemon.permission': { exit: EXIT.permission, retryable: false },
  'daemon.protocol': { exit: EXIT.failed, retryable: false },
  'operation.timeout': { exit: EXIT.timedOut, retryable: true },

  'hooks.self-test': { exit: EXIT.failed, retryable: false },
} as const satisfies Record<string, { exit: number; retryable: boolean }>

export type ErrorCode = keyof typeof CODES

export interface ErrorDetails {
  code: ErrorCode
  /** What happened, in a sentence without a full stop. */
  message: string
  /** The session, object, file or setting it happened to. */
  subject?: string | undefined
  /** What to do or type next. */
  hint?: string | undefined
  cause?: unknown
}

/**
 * The one error class that crosses folders. The CLI prints `message`, the chain of causes and
 * `hint`, and exits with `exit`. Never put key material into any of its texts.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly subject: string | undefined
  readonly hint: string | undefined

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GatewayError'
    this.code = details.code
    this.subject = details.subject
    this.hint = details.hint
  }

  get exit(): number {
    return CODES[this.code].exit
  }

  get retryable(): boolean {
    return CODES[this.code].retryable
  }
}

/** Any thrown value as a GatewayError; what was not one becomes `internal` with its cause kept. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new GatewayError({ code: 'internal', message, cause: thrown })
}

export interface ErrorJson {
  code: ErrorCode
  message: string
  subject?: string
  hint?: string
  retryable: boolean
}

/** The shape in which an error goes over the control socket and into `--json` output. */
export function errorToJson(error: GatewayError): ErrorJson {
  return {
    code: error.code,
    message: error.message,
    ...(error.subject === undefined ? {} : { subject: error.subject }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    retryable: error.retryable,
  }
}

/** The inverse of errorToJson; a code that this version does not know becomes `internal`. */
export function errorFromJson(json: {
  code: string
  message: string
  subject?: string | undefined
  hint?: string | undefined
}): GatewayError {
  const code = json.code in CODES ? (json.code as ErrorCode) : 'internal'
  return new GatewayError({ code, message: json.message, subject: json.subject, hint: json.hint })
}
