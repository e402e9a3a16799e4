import { createHash } from 'node:crypto'
import type { Answer } from './s3-stub-answer.ts'
import { refusePut, type Generation, type PutCondition } from './s3-stub-generations.ts'

export interface StubObject {
  bytes: Buffer
  /** Without quotes. */
  etag: string
  modified: Date
}

/** One bucket in memory. Every method is one S3 call and its answer. */
export class StubBucket {
  readonly objects = new Map<string, StubObject>()
  /** The XML of its lifecycle configuration; undefined where it has none. */
  lifecycle: string | undefined
  versioning: 'Enabled' | 'Suspended' | undefined
  readonly #generation: Generation

  constructor(generation: Generation) {
    this.#generation = generation
  }

  /** The answer to a question about the bucket itself. */
  about(query: URLSearchParams): Answer {
    if (query.has('lifecycle'))
      return this.lifecycle === undefined
        ? { status: 404, code: 'NoSuchLifecycleConfiguration' }
        : { status: 200, body: Buffer.from(this.lifecycle) }
    if (!query.has('versioning')) return { status: 200 }
    const status = this.versioning === undefined ? '' : `<Status>${this.versioning}</Status>`
    const body = `<VersioningConfiguration>${status}</VersioningConfiguration>`
    return { status: 200, body: Buffer.from(body) }
  }

  get(name: string): Answer {
    const object = this.objects.get(name)
    if (object === undefined) return { status: 404, code: 'NoSuchKey' }
    return {
      status: 200,
      headers: { etag: `"${object.etag}"`, 'last-modified': object.modified.toUTCString() },
      body: object.bytes,
    }
  }

  put(name: string, bytes: Buffer, condition: PutCondition): Answer {
    const refusal = refusePut(this.#generation, condition, this.objects.get(name)?.etag)
    if (refusal !== undefined) return refusal
    const etag = createHash('md5').update(bytes).digest('hex')
    this.objects.set(name, { bytes, etag, modified: new Date() })
    return { status: 200, headers: { etag: `"${etag}"` } }
  }

  remove(name: string): Answer {
    this.objects.delete(name)
    return { status: 204 }
  }

  /** ListObjectsV2. */
  list(query: URLSearchParams, pageSize: number): Answer {
    const prefix = query.get('prefix') ?? ''
    const delimiter = query.get('delimiter') ?? ''
    const limit = Math.min(Number(query.get('max-keys') ?? pageSize), pageSize)
    const after = decodeToken(query.get('continuation-token')) ?? query.get('start-after') ?? ''
    const entries: string[] = []
    let last = ''
    let truncated = false
    let common = ''
    for (const name of [...this.objects.keys()].toSorted()) {
      if (!name.startsWith(prefix) || name <= after) continue
      if (common !== '' && name.startsWith(common)) continue
      const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length)
      const group = cut === -1 ? '' : name.slice(0, cut + delimiter.length)
      if (group !== '' && after.startsWith(group)) continue
      if (entries.length === limit) {
        truncated = true
        break
      }
      common = group
      last = group === '' ? name : group
      entries.push(group === '' ? this.#contents(name) : commonPrefix(group))
    }
    return {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: Buffer.from(
        `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
          `<Prefix>${escapeXml(prefix)}</Prefix><KeyCount>${entries.length}</KeyCount><MaxKeys>${limit}</MaxKeys>` +
          `<IsTruncated>${truncated}</IsTruncated>` +
          (truncated ? `<NextContinuationToken>${encodeToken(last)}</NextContinuationToken>` : '') +
          `${entries.join('')}</ListBucketResult>`,
      ),
    }
  }

  #contents(name: string): string {
    const object = this.objects.get(name)
    if (object === undefined) return ''
    return (
      `<Contents><Key>${escapeXml(name)}</Key><LastModified>${object.modified.toISOString()}</LastModified>` +
      `<ETag>&quot;${object.etag}&quot;</ETag><Size>${object.bytes.length}</Size></Contents>`
    )
  }
}

function commonPrefix(prefix: string): string {
  return `<CommonPrefixes><Prefix>${escapeXml(prefix)}</Prefix></CommonPrefixes>`
}

/** Opaque, with characters that a client has to escape. */
function encodeToken(name: string): string {
  return `${Buffer.from(name).toString('base64')}&amp;+`
}

function decodeToken(token: string | null): string | undefined {
  return token === null ? undefined : Buffer.from(token.replace(/&\+$/, ''), 'base64').toString()
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
