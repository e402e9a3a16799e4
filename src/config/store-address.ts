import { isAbsolute } from 'node:path'

/** A store as it is named in one word; how to reach S3 is said elsewhere. */
export type StoreAddress =
  | { kind: 'folder'; dir: string }
  | { kind: 's3'; bucket: string; prefix?: string }

export const STORE_ADDRESS_WORDS = 'folder:/path, s3://bucket or s3://bucket/prefix'

/** Undefined where the text is none. */
export function parseStoreAddress(text: string): StoreAddress | undefined {
  const [, dir] = /^folder:(.+)$/.exec(text) ?? []
  if (dir !== undefined) return isAbsolute(dir) ? { kind: 'folder', dir } : undefined
  const [, bucket, prefix] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/*$/.exec(text) ?? []
  if (bucket === undefined) return undefined
  return { kind: 's3', bucket, ...(prefix !== undefined && prefix !== '' && { prefix }) }
}
