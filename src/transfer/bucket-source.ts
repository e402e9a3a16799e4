import { openBucketReader, type BucketReader } from '../store/s3-reader.ts'
import { readStably, type Shelf } from './read-stably.ts'
import type { Source, SourceSession } from './source.ts'

/** Opens a bucket for reading; `close` it when its sessions are read. */
export function openBucket(
  config: Parameters<typeof openBucketReader>[0],
  prefix?: string,
): { source: Source; close: () => void } {
  const bucket = openBucketReader(config)
  return { source: bucketSource(bucket, prefix), close: () => bucket.close() }
}

/**
 * The sessions of a bucket in the layout of the worker that this one replaces, `sessions/<id>/<file>`:
 * each object is one file of a multi-file folder.
 */
function bucketSource(bucket: BucketReader, under = 'sessions/'): Source {
  const prefix = under === '' || under.endsWith('/') ? under : `${under}/`
  return {
    label: `${bucket.label}/${prefix}`,
    async *sessions(signal) {
      for await (const id of bucket.parts(prefix, signal)) yield session(bucket, prefix, id)
    },
  }
}

function session(bucket: BucketReader, prefix: string, id: string): SourceSession {
  const folder = `${prefix}${id}/`
  return {
    id,
    place: `${bucket.label}/${folder}`,
    read: (signal) => readStably(shelfOf(bucket, folder), signal),
  }
}

function shelfOf(bucket: BucketReader, folder: string): Shelf {
  return {
    async look(signal) {
      const stamps = new Map<string, string>()
      for await (const { name, etag } of bucket.list(folder, signal))
        if (!name.includes('/')) stamps.set(name, etag)
      return stamps
    },
    take: (name, signal) => bucket.get(folder + name, signal),
  }
}
