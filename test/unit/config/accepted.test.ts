import { expect, test } from 'vitest'
import { load } from './fixture.ts'

const S3 = {
  MINIO_ENDPOINT: 'm',
  MINIO_PORT: '443',
  MINIO_BUCKET: 'ours',
  MINIO_ACCESS_KEY: 'a',
  MINIO_SECRET_KEY: 'b',
  WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
}
const COPY = {
  WA_GATEWAY_COPY_ENDPOINT: 'm',
  WA_GATEWAY_COPY_ACCESS_KEY: 'c',
  WA_GATEWAY_COPY_SECRET_KEY: 'd',
}
const SECOND = { ...S3, ...COPY, WA_GATEWAY_COPY_TO: 's3://ours' }

/** What lies just beyond a refusal: a rule that asks for less than all it names would refuse it. */
test.each<[string, Record<string, string>]>([
  ['the same bucket at another port', { ...SECOND, WA_GATEWAY_COPY_PORT: '9000' }],
  ['the same bucket at another host', { ...SECOND, WA_GATEWAY_COPY_ENDPOINT: 'n' }],
  ['another bucket', { ...SECOND, WA_GATEWAY_COPY_TO: 's3://theirs' }],
  ['the same bucket, a prefix', { ...SECOND, WA_GATEWAY_COPY_TO: 's3://ours/x' }],
  ['a bucket as the second store of a folder', { ...SECOND, ...folder() }],
  ['a folder as the second store of a bucket', { ...S3, WA_GATEWAY_COPY_TO: 'folder:/d' }],
  ['another folder', { WA_GATEWAY_STORAGE_DIR: '/d', WA_GATEWAY_COPY_TO: 'folder:/e' }],
  ['remote acknowledgement in a bucket', { ...S3, WA_GATEWAY_ACK: 'remote' }],
  [
    'remote acknowledgement on another disk',
    { WA_GATEWAY_ACK: 'remote', WA_GATEWAY_STATE_DIR: '/s', WA_GATEWAY_STORAGE_DIR: '/s2' },
  ],
  [
    'hours beyond what is kept whole',
    { WA_GATEWAY_KEEP_WITHIN: '7d', WA_GATEWAY_KEEP_HOURLY: '169' },
  ],
  [
    'days beyond what is kept whole',
    { WA_GATEWAY_KEEP_WITHIN: '7d', WA_GATEWAY_KEEP_HOURLY: '0', WA_GATEWAY_KEEP_DAILY: '8' },
  ],
  [
    'a stop one millisecond shorter than its limit',
    { GRACEFUL_SHUTDOWN_TIMEOUT: '9999', WA_GATEWAY_STOP_LIMIT: '10000' },
  ],
  ['loopback', { WA_GATEWAY_HTTP: '127.0.0.1:80', WA_GATEWAY_HTTP_TOKEN: '0123456789abcdef' }],
])('%s is accepted', (_what, env) => {
  expect(load(env).config).toBeDefined()
})

/** The settings of a bucket undone: what is stored is in a folder. */
function folder(): Record<string, string> {
  return Object.fromEntries(
    Object.keys(S3)
      .filter((name) => name.startsWith('MINIO_'))
      .map((name) => [name, '']),
  )
}

test('a stop as long as its limit is refused', () => {
  const env = { GRACEFUL_SHUTDOWN_TIMEOUT: '10000', WA_GATEWAY_STOP_LIMIT: '10000' }
  expect(() => load(env)).toThrow(/10000 is not less than 10000/)
})
