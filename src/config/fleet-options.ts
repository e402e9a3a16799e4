import { databaseUrl } from './kinds.ts'
import { option } from './option.ts'

/** The database that the workers of a fleet share. */
export const FLEET_OPTIONS = {
  fleetUrl: option({
    env: 'WA_GATEWAY_FLEET_URL',
    key: 'fleet.url',
    kind: databaseUrl,
    secret: true,
    example: "'postgresql://wa_gateway:…@db.internal/wa_gateway?sslmode=verify-full'",
    doc: 'PostgreSQL in which the workers of a fleet list themselves and their sessions, for `wa-gateway fleet`; TLS by `sslmode` and `sslrootcert`. Nothing waits for it, and it may be away.',
  }),
} as const
