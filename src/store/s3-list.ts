import type { ListedObject } from './port.ts'

/** One page of ListObjectsV2. */
export interface ListPage {
  objects: (ListedObject & { etag: string })[]
  /** With their closing '/'. */
  prefixes: string[]
  /** Where the next page begins; undefined on the last. */
  next: string | undefined
}

export interface ListQuery {
  prefix: string
  delimiter?: '/'
  continuation?: string | undefined
  maxKeys?: number
}

/** The query string; sorted, as the signature wants it. */
export function listQuery({ prefix, delimiter, continuation, maxKeys }: ListQuery): string {
  const parameters: [string, string | undefined][] = [
    ['continuation-token', continuation],
    ['delimiter', delimiter],
    ['list-type', '2'],
    ['max-keys', String(maxKeys ?? 1000)],
    ['prefix', prefix],
  ]
  return parameters
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]))
    .join('&')
}

/**
 * Read by hand: minio's parser takes an object `00012` for the number 12.
 */
export function parseListPage(xml: string): ListPage {
  if (!xml.includes('<ListBucketResult')) throw new Error('the answer is not a list of objects')
  const truncated = text(xml, 'IsTruncated') === 'true'
  const token = text(xml, 'NextContinuationToken')
  return {
    objects: sections(xml, 'Contents').map((section) => ({
      name: unescapeXml(text(section, 'Key') ?? ''),
      etag: unescapeXml(text(section, 'ETag') ?? ''),
      size: Number(text(section, 'Size') ?? 0),
      modified: Date.parse(text(section, 'LastModified') ?? ''),
    })),
    prefixes: sections(xml, 'CommonPrefixes').map((section) =>
      unescapeXml(text(section, 'Prefix') ?? ''),
    ),
    next: truncated && token !== undefined ? unescapeXml(token) : undefined,
  }
}

function sections(xml: string, tag: string): string[] {
  return Array.from(
    xml.matchAll(new RegExp(`<${tag}>(.*?)</${tag}>`, 'gs')),
    ([, inner]) => inner ?? '',
  )
}

function text(xml: string, tag: string): string | undefined {
  return new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1]
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function unescapeXml(value: string): string {
  return value.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (/^#x/i.test(entity)) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16))
    if (entity.startsWith('#')) return String.fromCodePoint(Number(entity.slice(1)))
    return ENTITIES[entity] ?? whole
  })
}
