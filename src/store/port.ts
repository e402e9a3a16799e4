/**
 * The object store as the replica needs it: whole small objects by known name, and conditional
 * writes. One contract suite (test/contract/object-store.ts) holds for every adapter.
 *
 * Names are '/'-separated, each part of `[A-Za-z0-9._@+-]`, none empty, `.` or `..`, at most 200
 * bytes a part and 900 in all; anything else is refused with `store.bad-name`.
 *
 * A folder never gives an etag twice. S3 derives it from the bytes: the same bytes have the same
 * etag again, so bytes that are written under a condition must carry an id of their own.
 *
 * An aborted call rejects with the signal's reason; a write may have happened by then.
 */
export interface ObjectStore {
  /** For messages: `folder /srv/objects` or `s3 minio.example:9000/whatsapp-sessions`. */
  readonly label: string
  /** False for a folder on this host: a lost disk takes the copy with it. */
  readonly offHost: boolean

  /** The object, or undefined where none is; its bytes are the caller's own. */
  get(name: string, options?: RequestOptions): Promise<StoredObject | undefined>
  /** Unconditional write. */
  put(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<{ etag: string }>
  /** Writes only where no object of this name exists. */
  putIfAbsent(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<PutOutcome>
  /** Writes only where the object still has this etag. */
  compareAndSwap(
    name: string,
    bytes: Uint8Array,
    etag: string,
    options?: RequestOptions,
  ): Promise<PutOutcome>
  /** Removing what is not there succeeds. */
  remove(name: string, options?: RequestOptions): Promise<void>
  /** Every object whose name begins with `prefix`, in ascending byte order of names. */
  list(prefix: string, options?: RequestOptions): AsyncIterable<ListedObject>
  /** The distinct next name parts after `prefix`, which is empty or ends with '/'. Ascending. */
  listParts(prefix: string, options?: RequestOptions): AsyncIterable<string>
  /** Proves that the store answers and may be used (credentials, bucket); throws what is wrong. */
  check(options?: RequestOptions): Promise<void>
  close(): Promise<void>
}

export interface RequestOptions {
  signal?: AbortSignal
}

export interface StoredObject {
  bytes: Uint8Array
  etag: string
}

/**
 * `conflict`: the condition did not hold. A write whose outcome is not known (timeout, reset, 5xx
 * after the request went out) throws `store.unknown-outcome` instead; the caller repeats the
 * identical write until it is definite.
 */
export type PutOutcome = { kind: 'stored'; etag: string } | { kind: 'conflict' }

export interface ListedObject {
  name: string
  /** Bytes. */
  size: number
  /** Milliseconds since the epoch. */
  modified: number
}
