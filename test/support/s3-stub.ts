import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { StubBucket } from './s3-stub-bucket.ts'
import type { Answer } from './s3-stub-answer.ts'
import { Faults, nameMatches } from './s3-stub-faults.ts'
import type { Fault, RequestKind } from './s3-stub-faults.ts'
import type { Generation } from './s3-stub-generations.ts'
import { refuseSignature } from './s3-stub-signature.ts'

export interface StubOptions {
  /** Existing from the start. */
  buckets?: string[]
  /** 0, a free one, where left out. */
  port?: number
  accessKey?: string
  secretKey?: string
  /** Objects in a page of a list. */
  pageSize?: number
  /** Which server it behaves like with conditional writes; `aws` where left out. */
  generation?: Generation
}

export interface SeenRequest {
  kind: RequestKind
  bucket: string
  /** Object name, or the prefix of a list. */
  name: string
  conditional: boolean
}

/** An S3 server in memory that checks signatures and conditions, and fails as it is told to. */
export async function startS3Stub(options: StubOptions = {}): Promise<S3Stub> {
  const stub = new S3Stub(options)
  await stub.listen(options.port ?? 0)
  return stub
}

export class S3Stub {
  readonly endpoint = '127.0.0.1'
  readonly accessKey: string
  readonly secretKey: string
  readonly region = 'us-east-1'
  readonly faults = new Faults()
  /** Genuine requests in their order, faulted ones included. */
  readonly seen: SeenRequest[] = []
  readonly #buckets = new Map<string, StubBucket>()
  readonly #server: Server
  readonly #pageSize: number
  readonly #generation: Generation

  constructor(options: StubOptions) {
    this.accessKey = options.accessKey ?? 'stub-access-key'
    this.secretKey = options.secretKey ?? 'stub-secret-key-0123456789'
    this.#pageSize = options.pageSize ?? 1000
    this.#generation = options.generation ?? 'aws'
    for (const name of options.buckets ?? []) this.makeBucket(name)
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)))
      })
    })
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, this.endpoint)
    await once(this.#server, 'listening')
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  makeBucket(name: string): void {
    this.#buckets.set(name, new StubBucket(this.#generation))
  }

  /** The objects of a bucket by name, for looking and for damaging. */
  objects(bucket: string): StubBucket['objects'] {
    const found = this.#buckets.get(bucket)
    if (found === undefined) throw new Error(`the stub has no bucket ${bucket}`)
    return found.objects
  }

  /** Sets what a bucket does with objects by itself. */
  setRules(bucket: string, rules: Partial<Pick<StubBucket, 'lifecycle' | 'versioning'>>): void {
    const found = this.#buckets.get(bucket)
    if (found === undefined) throw new Error(`the stub has no bucket ${bucket}`)
    Object.assign(found, rules)
  }

  /** How many requests of a kind came, on names that match. */
  count(kind: RequestKind, name?: string | RegExp): number {
    return this.seen.filter((seen) => seen.kind === kind && nameMatches(name, seen.name)).length
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const { method = '', url = '', headers } = request
    const body = Buffer.concat(chunks)
    const refusal = refuseSignature({ method, url, headers, body }, this)
    if (refusal !== undefined) return send(request, response, refusal)
    const call = parseCall(method, url)
    const conditional = headers['if-match'] !== undefined || headers['if-none-match'] !== undefined
    this.seen.push({ kind: call.kind, bucket: call.bucket, name: call.name, conditional })
    const apply = (): Answer => this.#apply(call, request, body)
    await answer(request, response, apply, this.faults.take(call.kind, call.name))
  }

  #apply(call: Call, request: IncomingMessage, body: Buffer): Answer {
    const bucket = this.#buckets.get(call.bucket)
    if (call.kind === 'bucket') {
      if (request.method === 'PUT') {
        if (bucket === undefined) this.makeBucket(call.bucket)
        return { status: 200 }
      }
      return bucket === undefined ? { status: 404, code: 'NoSuchBucket' } : bucket.about(call.query)
    }
    if (bucket === undefined) return { status: 404, code: 'NoSuchBucket' }
    switch (call.kind) {
      case 'list':
        return bucket.list(call.query, this.#pageSize)
      case 'put':
        return bucket.put(call.name, body, {
          ifMatch: request.headers['if-match'],
          ifNoneMatch: request.headers['if-none-match'],
        })
      case 'delete':
        return bucket.remove(call.name)
      case 'get':
      case 'head':
        return bucket.get(call.name)
      default:
        return call.kind satisfies never
    }
  }
}

interface Call {
  kind: RequestKind
  bucket: string
  name: string
  query: URLSearchParams
}

function parseCall(method: string, url: string): Call {
  const [path = '', rawQuery = ''] = url.split('?')
  // URLSearchParams would take a '+' in a value for a space; S3 does not.
  const query = new URLSearchParams(rawQuery.replaceAll('+', '%2B'))
  const [, bucket = '', ...parts] = path.split('/').map(decodeURIComponent)
  const name = parts.join('/')
  if (name !== '') return { kind: method.toLowerCase() as RequestKind, bucket, name, query }
  const isList = method === 'GET' && query.get('list-type') === '2'
  return { kind: isList ? 'list' : 'bucket', bucket, name: query.get('prefix') ?? '', query }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  apply: () => Answer,
  fault: Fault | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(request, response, apply())
    case 'status':
      return send(request, response, { status: fault.status, code: fault.code ?? 'InternalError' })
    case 'slow':
      await sleep(fault.ms, undefined, { ref: false })
      return send(request, response, apply())
    case 'hang':
      if (fault.apply === true) apply()
      return
    case 'reset':
      if (fault.apply === true) apply()
      request.socket.resetAndDestroy()
      return
    case 'truncate':
    case 'stall': {
      const { status, headers, body = Buffer.alloc(0) } = apply()
      response.writeHead(status, { ...headers, 'content-length': body.length })
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
        if (fault.kind === 'truncate') request.socket.destroy()
      })
    }
  }
}

function send(request: IncomingMessage, response: ServerResponse, given: Answer): void {
  const { status, headers, code } = given
  const body =
    code === undefined
      ? (given.body ?? Buffer.alloc(0))
      : Buffer.from(
          `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`,
        )
  response.writeHead(status, {
    ...(code === undefined ? {} : { 'content-type': 'application/xml' }),
    ...headers,
    'content-length': body.length,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}
