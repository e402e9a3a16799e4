import { GatewayError } from '../session/errors.ts'

/** For a store that session ownership cannot rest on; `why` goes on after a colon. */
export function noConditionalWrites(label: string, why: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'store.no-conditional-writes',
    message: `${label} cannot be trusted with sessions: ${why}`,
    subject: label,
    hint: 'use a store with conditional writes (MinIO of 2024-05 or later, AWS S3, Cloudflare R2, Ceph RGW; docs/STORES.md) without a proxy or cache that drops the headers',
    cause,
  })
}
