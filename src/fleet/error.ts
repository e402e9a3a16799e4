import { GatewayError, type ErrorCode } from '../session/errors.ts'

interface Meaning {
  code: ErrorCode
  hint: string
}

const ACCESS: Meaning = {
  code: 'fleet.refused',
  hint: 'check user and password in WA_GATEWAY_FLEET_URL, and pg_hba.conf of the server',
}

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const BY_STATE: Record<string, Meaning> = {
  '28000': ACCESS,
  '28P01': ACCESS,
  '3D000': {
    code: 'fleet.refused',
    hint: 'make the database (`createdb`), or correct its name in WA_GATEWAY_FLEET_URL',
  },
  '42501': {
    code: 'fleet.refused',
    hint: 'let the user create the schema wa_gateway: `GRANT CREATE ON DATABASE … TO …`',
  },
}

/** OpenSSL's and Node's words for a certificate that is not believed. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/

/** What a failure of the database means; `label` says where it is. */
export function toFleetError(error: unknown, label: string): GatewayError {
  if (error instanceof GatewayError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const { code: meant, hint } = BY_STATE[code] ?? byWords(error, code)
  return new GatewayError({
    code: meant,
    subject: label,
    message: `the fleet directory ${label} ${meant === 'fleet.refused' ? 'refuses' : 'fails'}: ${wordsOf(error)}`,
    hint,
    cause: error,
  })
}

function byWords(error: unknown, code: string): Meaning {
  const file = error instanceof Error && 'syscall' in error && error.syscall === 'open'
  if (CERTIFICATE.test(code) || file || /does not support SSL/.test(wordsOf(error)))
    return {
      code: 'fleet.refused',
      hint: 'check sslmode and sslrootcert in WA_GATEWAY_FLEET_URL',
    }
  return {
    code: 'fleet.unreachable',
    hint: 'see that PostgreSQL runs and can be reached; sessions go on without it',
  }
}

/** Node tries several addresses of a name, and says what failed of each. */
function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(wordsOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
