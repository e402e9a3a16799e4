import { GatewayError } from '../session/errors.ts'
import type { Exchange } from './s3-transport.ts'

/** Where the errors' texts say it happened. No secret in it. */
export interface S3Place {
  /** `http://host:port` */
  endpoint: string
  bucket: string
  /** What the names of the settings begin with that lead there; `MINIO` where left out. */
  settings?: S3Settings | undefined
}

export type S3Settings = 'MINIO' | 'WA_GATEWAY_COPY'

/**
 * What a failed exchange tells about the request.
 * - `refused`: the server answered and did not do it; asking again is no use.
 * - `transient`: it was not done, or it does not matter; another try may succeed.
 * - `unclear`: it may have been done.
 */
export type Failure = 'refused' | 'transient' | 'unclear'

const NEVER_DONE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])
/** AWS answers a conditional write that lost a race with it; whether it did is not worth a guess. */
const BUSY_CODES = new Set(['ConditionalRequestConflict', 'OperationAborted', 'SlowDown'])
const FULL_CODES = new Set(['XMinioStorageFull', 'QuotaExceeded', 'InsufficientCapacity'])
const RETRYABLE_STATUSES = new Set([408, 429, 499])

/** `exchange.status` is absent where no answer came. */
export function classifyFailure(thrown: unknown, exchange: Exchange): Failure {
  const { status } = exchange
  if (BUSY_CODES.has(codeOf(thrown))) return 'unclear'
  if (status === undefined) {
    return !exchange.sent || NEVER_DONE.has(codeOf(thrown)) ? 'transient' : 'unclear'
  }
  if (isFull(codeOf(thrown), exchange)) return 'refused'
  if (status >= 500 || RETRYABLE_STATUSES.has(status)) return 'unclear'
  // The head said success and the body broke off.
  if (status < 300) return 'unclear'
  return 'refused'
}

/** `PreconditionFailed`, `NoSuchKey`, `ECONNRESET`, ...; empty where the error has none. */
function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : ''
}

export function isMissing(thrown: unknown, exchange: Exchange): boolean {
  return exchange.status === 404 && codeOf(thrown) !== 'NoSuchBucket'
}

/** The error that the caller gets. */
export function s3Error(
  thrown: unknown,
  exchange: Exchange,
  place: S3Place,
  subject: string,
): GatewayError {
  const { endpoint, bucket, settings = 'MINIO' } = place
  const code = codeOf(thrown)
  const said = code === '' ? `HTTP ${exchange.status ?? 'without answer'}` : code
  const base = { subject: subject === '' ? bucket : subject, cause: thrown }
  if (code === 'NoSuchBucket') {
    return new GatewayError({
      ...base,
      code: 'store.no-bucket',
      message: `${endpoint} has no bucket '${bucket}'`,
      hint: `create it (mc mb ALIAS/${bucket}), or name the right one${settings === 'MINIO' ? ' in MINIO_BUCKET' : ''}; it is never created by itself, since a typo would give the sessions a second home`,
    })
  }
  if (code === 'RequestTimeTooSkewed') {
    return new GatewayError({
      ...base,
      code: 'store.denied',
      message: `${endpoint} refused the request because the clocks differ (${said})`,
      hint: "set this host's clock and the store's (timedatectl)",
    })
  }
  if (isFull(code, exchange)) {
    return new GatewayError({
      ...base,
      code: 'store.full',
      message: `${endpoint} has no room left in bucket '${bucket}' (${said})`,
      hint: 'free space in the object store or raise its quota',
    })
  }
  if (exchange.status === 401 || exchange.status === 403) {
    return new GatewayError({
      ...base,
      code: 'store.denied',
      message: `${endpoint} refused the credentials for bucket '${bucket}' (${said})`,
      hint: `check ${settings}_ACCESS_KEY and ${settings}_SECRET_KEY, and that this key may read, write, list and delete in the bucket`,
    })
  }
  return new GatewayError({
    ...base,
    code: 'store.unavailable',
    message:
      exchange.status === undefined
        ? `${endpoint} does not answer (${code || messageOf(thrown)})`
        : `${endpoint} failed on bucket '${bucket}' (${said})`,
    hint: hintFor(code, exchange, settings),
  })
}

export function unknownOutcome(thrown: unknown, exchange: Exchange, place: S3Place, name: string) {
  const said =
    exchange.status === undefined ? codeOf(thrown) || messageOf(thrown) : `HTTP ${exchange.status}`
  return new GatewayError({
    code: 'store.unknown-outcome',
    message: `${place.endpoint} may or may not have stored the object (${said})`,
    subject: name,
    hint: 'the identical write is repeated until its outcome is known',
    cause: thrown,
  })
}

function isFull(code: string, exchange: Exchange): boolean {
  return exchange.status === 507 || FULL_CODES.has(code)
}

function hintFor(code: string, exchange: Exchange, settings: S3Settings): string {
  if (/CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|EPROTO/.test(code)) {
    return `check ${settings}_USE_SSL and the certificate (NODE_EXTRA_CA_CERTS names a private authority)`
  }
  if (exchange.status !== undefined && exchange.status >= 300 && exchange.status < 500) {
    return `check ${settings}_ENDPOINT, ${settings}_PORT and ${settings}_REGION`
  }
  return `check that the store runs, and ${settings}_ENDPOINT, ${settings}_PORT and ${settings}_USE_SSL`
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
