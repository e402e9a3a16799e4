import { toGatewayError, type GatewayError } from '../session/errors.ts'
import { isMissing } from './s3-errors.ts'
import { createClient, S3_LIMITS, normalisePrefix, type S3Config } from './s3.ts'
import { S3Caller } from './s3-call.ts'
import { createS3Transport } from './s3-transport.ts'

/** What a bucket does with objects by itself. */
export interface BucketRules {
  /** Undefined where this user may not read them. */
  lifecycle: readonly LifecycleRule[] | undefined
  versioning: 'on' | 'suspended' | 'off' | undefined
  /** Why they could not be read. */
  refused?: GatewayError
}

export interface LifecycleRule {
  id: string
  enabled: boolean
  /** Begins the names that it is about; empty: all of them. */
  prefix: string
  /** Only objects with certain tags or sizes. */
  filtered: boolean
  /** Deletes current objects: after so many days, or at a date. */
  expires: string | undefined
  /** Moves current objects to storage that may not answer at once. */
  moves: string | undefined
}

/** As minio parses the XML: what is there once is no list. */
interface Parsed {
  Rule?: ParsedRule | ParsedRule[]
}
interface ParsedRule {
  ID?: string
  Status?: string
  Prefix?: string
  Filter?: { Prefix?: string; Tag?: unknown; And?: { Prefix?: string } } & Record<string, unknown>
  Expiration?: { Days?: number; Date?: string; ExpiredObjectDeleteMarker?: unknown }
  Transition?: { StorageClass?: string } | { StorageClass?: string }[]
}

/** That a bucket has no lifecycle configuration is a 404. */
const NONE: Parsed = {}

/** Reads what the bucket deletes and moves by itself. A store that does not say is no error. */
export async function readBucketRules(
  config: S3Config,
  options?: { signal?: AbortSignal },
): Promise<BucketRules> {
  const limits = { ...S3_LIMITS, ...config.limits, attempts: 1 }
  const transport = createS3Transport({ ...limits, useSSL: config.useSSL })
  const endpoint = `${config.useSSL ? 'https' : 'http'}://${config.endpoint}:${config.port}`
  const caller = new S3Caller(transport, limits, { endpoint, bucket: config.bucket })
  const client = createClient(config, transport)
  let refused: GatewayError | undefined
  const ask = async (request: () => Promise<unknown>): Promise<unknown> => {
    try {
      const signal = options?.signal
      return await caller.call<unknown>({
        subject: config.bucket,
        signal,
        kind: 'idempotent',
        request,
        outcome: (thrown, exchange) => (isMissing(thrown, exchange) ? { value: NONE } : undefined),
      })
    } catch (error) {
      refused = toGatewayError(error)
      return undefined
    }
  }
  try {
    const lifecycle = await ask(async () => client.getBucketLifecycle(config.bucket))
    const versioning = await ask(async () => client.getBucketVersioning(config.bucket))
    return {
      lifecycle: lifecycle === undefined ? undefined : lifecycleRules(lifecycle ?? NONE),
      versioning: versioning === undefined ? undefined : versioningOf(versioning),
      ...(refused !== undefined && { refused }),
    }
  } finally {
    transport.close()
  }
}

/** The rules that would take away or move what lies under this prefix of names. */
export function harmfulRules(
  rules: readonly LifecycleRule[],
  prefix: string | undefined,
): LifecycleRule[] {
  const ours = `${normalisePrefix(prefix ?? '')}v1/`
  return rules.filter(
    ({ enabled, expires, moves, prefix: theirs }) =>
      enabled &&
      (expires !== undefined || moves !== undefined) &&
      (ours.startsWith(theirs) || theirs.startsWith(ours)),
  )
}

export function lifecycleRules({ Rule = [] }: Parsed): LifecycleRule[] {
  return asList(Rule).map((rule) => {
    const { Filter: filter, Expiration: expiration, Transition: transition } = rule
    const filters = Object.keys(filter ?? {}).filter((name) => name !== 'Prefix')
    const [moved] = asList(transition ?? [])
    return {
      id: rule.ID ?? '(without a name)',
      enabled: rule.Status === 'Enabled',
      prefix: rule.Prefix ?? filter?.Prefix ?? filter?.And?.Prefix ?? '',
      filtered: filters.length > 0,
      expires:
        expiration?.Days === undefined
          ? expiration?.Date && `on ${expiration.Date}`
          : `after ${expiration.Days} days`,
      moves: moved && `to ${moved.StorageClass ?? 'other storage'}`,
    }
  })
}

const asList = <T>(one: T | T[]): T[] => (Array.isArray(one) ? one : [one])

function versioningOf(answer: unknown): BucketRules['versioning'] {
  const { Status } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    Status?: string
  }
  if (Status === 'Enabled') return 'on'
  return Status === 'Suspended' ? 'suspended' : 'off'
}
