import type { Answer } from './s3-stub-answer.ts'

export interface PutCondition {
  ifMatch?: string | undefined
  ifNoneMatch?: string | undefined
}

/** The etag that is there, without quotes; undefined where no object is. */
type Rule = (condition: PutCondition, etag: string | undefined) => Answer | undefined

const FAILED: Answer = { status: 412, code: 'PreconditionFailed' }
const MISSING: Answer = { status: 404, code: 'NoSuchKey' }
const UNKNOWN: Answer = { status: 501, code: 'NotImplemented' }

const isCreate = ({ ifNoneMatch }: PutCondition): boolean => ifNoneMatch !== undefined
const isSwap = ({ ifMatch }: PutCondition): boolean => ifMatch !== undefined
const bare = (etag: string | undefined): string | undefined => etag?.replaceAll('"', '')

/** What AWS answers since it knows both conditions. */
const aws: Rule = (condition, etag) => {
  if (isCreate(condition)) {
    if (condition.ifNoneMatch !== '*') return UNKNOWN
    if (etag !== undefined) return FAILED
  }
  if (!isSwap(condition)) return undefined
  if (etag === undefined) return MISSING
  return bare(condition.ifMatch) === etag ? undefined : FAILED
}

const minio: Rule = (condition, etag) =>
  isSwap(condition) && etag === undefined ? undefined : aws(condition, etag)

/** How servers and their versions take a conditional PUT: docs/STORES.md names them. */
const GENERATIONS = {
  aws,
  /** Only If-None-Match: from August to November 2024. */
  'aws-2024-08': (condition, etag) => (isSwap(condition) ? UNKNOWN : aws(condition, etag)),
  'aws-before': (condition) => (isSwap(condition) || isCreate(condition) ? UNKNOWN : undefined),
  /** If-Match on a missing object creates it. */
  'minio-2024-05': minio,
  /** `*` is compared with the etag, so an object is never in the way. */
  'minio-before': (condition, etag) => (isCreate(condition) ? undefined : minio(condition, etag)),
  /** Knows If-Match without quotes alone, and answers 412 where there is no object. */
  rgw: (condition, etag) =>
    isSwap(condition) && condition.ifMatch !== etag ? FAILED : aws(condition, etag),
  /** Takes an unquoted etag for another one. */
  quotes: (condition, etag) =>
    isSwap(condition) && condition.ifMatch !== `"${etag ?? ''}"` ? FAILED : aws(condition, etag),
  'drops-both': () => undefined,
  'drops-if-match': (condition, etag) => (isSwap(condition) ? undefined : aws(condition, etag)),
  'refuses-all': (condition) => (isSwap(condition) || isCreate(condition) ? FAILED : undefined),
} satisfies Record<string, Rule>

export type Generation = keyof typeof GENERATIONS

export function isGeneration(name: string): name is Generation {
  return Object.hasOwn(GENERATIONS, name)
}

/** Why a PUT is not done; undefined where it is. */
export function refusePut(
  generation: Generation,
  condition: PutCondition,
  etag: string | undefined,
): Answer | undefined {
  return GENERATIONS[generation](condition, etag)
}
