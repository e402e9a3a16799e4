import { Client } from 'minio'
import { GatewayError } from '../session/errors.ts'
import { checkName, checkPartsPrefix, checkPrefix, isName } from './names.ts'
import type { ListedObject, ObjectStore, PutOutcome, RequestOptions, StoredObject } from './port.ts'
import { readBody } from './s3-body.ts'
import { S3Caller } from './s3-call.ts'
import type { RetryLimits } from './s3-call.ts'
import { isMissing, type S3Settings } from './s3-errors.ts'
import { noConditionalWrites } from './no-conditional-writes.ts'
import { listQuery, parseListPage } from './s3-list.ts'
import type { ListPage, ListQuery } from './s3-list.ts'
import { createS3Transport } from './s3-transport.ts'
import type { Exchange, S3Transport, TransportLimits } from './s3-transport.ts'

export interface S3Config {
  /** Host name or address, without scheme and port. */
  endpoint: string
  port: number
  useSSL: boolean
  accessKey: string
  secretKey: string
  bucket: string
  region: string
  /** Puts every name behind it, as in `team-a/`. */
  prefix?: string | undefined
  /** For hints: what the names of the settings begin with that it comes from. */
  settings?: S3Settings | undefined
  limits?: Partial<S3Limits> | undefined
}

export type S3Limits = Omit<TransportLimits, 'useSSL'> & RetryLimits

export const S3_LIMITS: S3Limits = {
  idleTimeoutMs: 10_000,
  totalTimeoutMs: 60_000,
  maxSockets: 32,
  attempts: 5,
  baseDelayMs: 100,
}

/** A bucket as object store. Opening it sends nothing; `check()` proves that it may be used. */
export function openS3Store(config: S3Config): ObjectStore {
  const limits = { ...S3_LIMITS, ...config.limits }
  const transport = createS3Transport({ ...limits, useSSL: config.useSSL })
  try {
    return new S3Store(config, limits, transport)
  } catch (error) {
    transport.close()
    throw error
  }
}

class S3Store implements ObjectStore {
  readonly label: string
  readonly offHost = true
  readonly #bucket: string
  readonly #prefix: string
  readonly #client: Client
  readonly #transport: S3Transport
  readonly #caller: S3Caller

  constructor(config: S3Config, limits: S3Limits, transport: S3Transport) {
    const address = `${config.endpoint}:${config.port}`
    const endpoint = `${config.useSSL ? 'https' : 'http'}://${address}`
    this.#bucket = config.bucket
    this.#prefix = normalisePrefix(config.prefix ?? '')
    this.label = `s3 ${address}/${config.bucket}${this.#prefix && `/${this.#prefix.slice(0, -1)}`}`
    this.#transport = transport
    this.#client = createClient(config, transport)
    this.#caller = new S3Caller(transport, limits, {
      endpoint,
      bucket: config.bucket,
      settings: config.settings,
    })
  }

  async get(name: string, options?: RequestOptions): Promise<StoredObject | undefined> {
    checkName(name)
    return this.#caller.call<StoredObject | undefined>({
      subject: name,
      signal: options?.signal,
      kind: 'idempotent',
      request: async (exchange) => {
        const body = await this.#client.getObject(this.#bucket, this.#key(name))
        const bytes = await readBody(body, exchange.headers?.['content-length'])
        return { bytes, etag: bareEtag(exchange.headers?.etag) }
      },
      outcome: (thrown, exchange) =>
        isMissing(thrown, exchange) ? { value: undefined } : undefined,
    })
  }

  async put(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<{ etag: string }> {
    checkName(name)
    return this.#caller.call({
      subject: name,
      signal: options?.signal,
      kind: 'idempotent',
      request: (exchange) => this.#write(exchange, name, bytes, {}),
    })
  }

  putIfAbsent(name: string, bytes: Uint8Array, options?: RequestOptions): Promise<PutOutcome> {
    return this.#putConditionally(name, bytes, { 'If-None-Match': '*' }, options)
  }

  compareAndSwap(
    name: string,
    bytes: Uint8Array,
    etag: string,
    options?: RequestOptions,
  ): Promise<PutOutcome> {
    // Without the quotes of RFC 9110: Ceph RGW matches only so, AWS and MinIO take both forms.
    return this.#putConditionally(name, bytes, { 'If-Match': etag }, options)
  }

  async remove(name: string, options?: RequestOptions): Promise<void> {
    checkName(name)
    await this.#caller.call<void>({
      subject: name,
      signal: options?.signal,
      kind: 'idempotent',
      request: () => this.#client.removeObject(this.#bucket, this.#key(name)),
      outcome: (thrown, exchange) =>
        isMissing(thrown, exchange) ? { value: undefined } : undefined,
    })
  }

  async *list(prefix: string, options?: RequestOptions): AsyncGenerator<ListedObject> {
    checkPrefix(prefix)
    for await (const page of this.#pages({ prefix: this.#key(prefix) }, options?.signal)) {
      for (const object of page.objects) {
        options?.signal?.throwIfAborted()
        const { size, modified } = object
        const name = object.name.slice(this.#prefix.length)
        if (isName(name)) yield { name, size, modified }
      }
    }
  }

  async *listParts(prefix: string, options?: RequestOptions): AsyncGenerator<string> {
    checkPartsPrefix(prefix)
    const full = this.#key(prefix)
    // Held until the end: `a-b` comes before `a/` here, and `a` may come as object and as prefix.
    const parts = new Set<string>()
    for await (const page of this.#pages({ prefix: full, delimiter: '/' }, options?.signal)) {
      for (const { name } of page.objects) parts.add(name.slice(full.length))
      for (const next of page.prefixes) parts.add(next.slice(full.length, -1))
    }
    for (const part of [...parts].toSorted()) {
      options?.signal?.throwIfAborted()
      if (isName(part)) yield part
    }
  }

  async check(options?: RequestOptions): Promise<void> {
    // A list of one says in its body what is wrong, which a HEAD cannot.
    await this.#page({ prefix: this.#prefix, maxKeys: 1 }, options?.signal)
  }

  async close(): Promise<void> {
    this.#transport.close()
  }

  #key(name: string): string {
    return this.#prefix + name
  }

  async #putConditionally(
    name: string,
    bytes: Uint8Array,
    condition: Record<string, string>,
    options: RequestOptions | undefined,
  ): Promise<PutOutcome> {
    checkName(name)
    return this.#caller.call<PutOutcome>({
      subject: name,
      signal: options?.signal,
      kind: 'conditional',
      request: async (exchange) => ({
        kind: 'stored',
        ...(await this.#write(exchange, name, bytes, condition)),
      }),
      // AWS answers If-Match on a missing object with 404.
      outcome: (thrown, exchange) => {
        if (exchange.status === 501)
          throw noConditionalWrites(
            this.label,
            `it does not implement conditional writes (${Object.keys(condition).join()}, HTTP 501)`,
            thrown,
          )
        return exchange.status === 412 || isMissing(thrown, exchange)
          ? { value: { kind: 'conflict' } }
          : undefined
      },
    })
  }

  async #write(
    exchange: Exchange,
    name: string,
    bytes: Uint8Array,
    headers: Record<string, string>,
  ): Promise<{ etag: string }> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#client.putObject(this.#bucket, this.#key(name), body, body.length, {
      'Content-Type': 'application/octet-stream',
      ...headers,
    })
    return { etag: bareEtag(exchange.headers?.etag) }
  }

  async *#pages(query: ListQuery, signal: AbortSignal | undefined): AsyncGenerator<ListPage> {
    let continuation: string | undefined
    do {
      const page: ListPage = await this.#page({ ...query, continuation }, signal)
      yield page
      continuation = page.next
    } while (continuation !== undefined)
  }

  #page(query: ListQuery, signal: AbortSignal | undefined): Promise<ListPage> {
    return this.#caller.call({
      subject: query.prefix,
      signal,
      kind: 'idempotent',
      request: async (exchange) => {
        const response = await this.#client.makeRequestAsync({
          method: 'GET',
          bucketName: this.#bucket,
          query: listQuery(query),
        })
        const body = await readBody(response, exchange.headers?.['content-length'])
        return parseListPage(Buffer.from(body).toString())
      },
    })
  }
}

export function createClient(config: S3Config, transport: S3Transport): Client {
  const { settings = 'MINIO' } = config
  try {
    return new Client({
      endPoint: config.endpoint,
      port: config.port,
      useSSL: config.useSSL,
      accessKey: config.accessKey,
      secretKey: config.secretKey,
      // Without it the client asks for the bucket's region first.
      region: config.region,
      pathStyle: true,
      transport: transport.transport,
      transportAgent: transport.agent,
      retryOptions: { disableRetry: true },
    })
  } catch (error) {
    throw new GatewayError({
      code: 'config.invalid',
      message: `the S3 client refuses these settings: ${error instanceof Error ? error.message : String(error)}`,
      hint: `${settings}_ENDPOINT is a host name without http:// and port; ${settings}_PORT is the port`,
      cause: error,
    })
  }
}

export function normalisePrefix(prefix: string): string {
  const bare = prefix.replace(/^\/+|\/+$/g, '')
  if (bare === '') return ''
  checkName(bare)
  return `${bare}/`
}

function bareEtag(etag: string | undefined): string {
  const bare = etag?.replace(/^(?:W\/)?"?|"$/g, '') ?? ''
  if (bare === '') throw new Error('the store gave no etag')
  return bare
}
