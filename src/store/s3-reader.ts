import { readBody } from './s3-body.ts'
import { S3Caller } from './s3-call.ts'
import { isMissing } from './s3-errors.ts'
import { listQuery, parseListPage, type ListPage, type ListQuery } from './s3-list.ts'
import { createS3Transport } from './s3-transport.ts'
import { createClient, S3_LIMITS, type S3Config } from './s3.ts'

/** Somebody else's bucket: objects of any name, and nothing is written. */
export interface BucketReader {
  /** `s3 minio.example:9000/whatsapp-sessions` */
  label: string
  /** The distinct next name parts after `prefix`, which ends with '/'. */
  parts(prefix: string, signal: AbortSignal): AsyncIterable<string>
  /** Names behind `prefix`, and what changes with each object. */
  list(prefix: string, signal: AbortSignal): AsyncIterable<{ name: string; etag: string }>
  /** Undefined where there is none. */
  get(name: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  close(): void
}

export function openBucketReader(config: Omit<S3Config, 'prefix'>): BucketReader {
  const limits = { ...S3_LIMITS, ...config.limits }
  const { bucket } = config
  const address = `${config.endpoint}:${config.port}`
  const endpoint = `${config.useSSL ? 'https' : 'http'}://${address}`
  const transport = createS3Transport({ ...limits, useSSL: config.useSSL })
  const client = createClient(config, transport)
  const caller = new S3Caller(transport, limits, { endpoint, bucket })

  const page = (query: ListQuery, signal: AbortSignal): Promise<ListPage> =>
    caller.call({
      subject: query.prefix,
      signal,
      kind: 'idempotent',
      request: async (exchange) => {
        const response = await client.makeRequestAsync({
          method: 'GET',
          bucketName: bucket,
          query: listQuery(query),
        })
        const body = await readBody(response, exchange.headers?.['content-length'])
        return parseListPage(Buffer.from(body).toString())
      },
    })

  async function* pages(query: ListQuery, signal: AbortSignal): AsyncGenerator<ListPage> {
    let continuation: string | undefined
    do {
      const found: ListPage = await page({ ...query, continuation }, signal)
      yield found
      continuation = found.next
    } while (continuation !== undefined)
  }

  return {
    label: `s3 ${address}/${bucket}`,
    async *parts(prefix, signal) {
      for await (const { prefixes } of pages({ prefix, delimiter: '/' }, signal))
        for (const next of prefixes) yield next.slice(prefix.length, -1)
    },
    async *list(prefix, signal) {
      for await (const { objects } of pages({ prefix }, signal))
        for (const { name, etag } of objects) yield { name: name.slice(prefix.length), etag }
    },
    get: (name, signal) =>
      caller.call<Uint8Array | undefined>({
        subject: name,
        signal,
        kind: 'idempotent',
        request: async (exchange) => {
          const body = await client.getObject(bucket, name)
          return readBody(body, exchange.headers?.['content-length'])
        },
        outcome: (thrown, exchange) =>
          isMissing(thrown, exchange) ? { value: undefined } : undefined,
      }),
    close: () => transport.close(),
  }
}
