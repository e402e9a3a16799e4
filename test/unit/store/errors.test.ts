import { expect, test } from 'vitest'
import { folderError } from '../../../src/store/folder-errors.ts'
import { classifyFailure, s3Error } from '../../../src/store/s3-errors.ts'
import type { Exchange } from '../../../src/store/s3-transport.ts'

const failed = (code: string): Error =>
  Object.assign(new Error(`${code}: failed`), { code, syscall: 'write' })

test.each([
  ['ENOSPC', 'store.full'],
  ['EDQUOT', 'store.full'],
  ['EACCES', 'store.denied'],
  ['EPERM', 'store.denied'],
  ['EROFS', 'store.denied'],
  ['EIO', 'store.unavailable'],
  ['ENAMETOOLONG', 'store.unavailable'],
])('a folder that fails with %s is %s', (code, expected) => {
  const cause = failed(code)
  expect(folderError(cause, '/srv/objects', 'v1/a')).toMatchObject({
    code: expected,
    message: expect.stringContaining('/srv/objects'),
    hint: expect.any(String),
    cause,
  })
})

test('what is no system error passes through the folder unchanged', () => {
  const error = new TypeError('a mistake')
  expect(folderError(error, '/srv/objects', 'v1/a')).toBe(error)
})

const place = { endpoint: 'http://minio.example:9000', bucket: 'sessions' }
const coded = (code: string): Error => Object.assign(new Error(code), { code })
const exchange = (status?: number, sent = true): Exchange => ({
  signal: undefined,
  sent,
  ...(status === undefined ? {} : { status }),
})

test.each([
  ['SignatureDoesNotMatch', 403, 'store.denied', /MINIO_SECRET_KEY/],
  ['InvalidAccessKeyId', 403, 'store.denied', /MINIO_ACCESS_KEY/],
  ['AccessDenied', 403, 'store.denied', /may read, write/],
  ['RequestTimeTooSkewed', 403, 'store.denied', /clock/],
  ['NoSuchBucket', 404, 'store.no-bucket', /mc mb ALIAS\/sessions/],
  ['XMinioStorageFull', 507, 'store.full', /free space/],
  ['QuotaExceeded', 403, 'store.full', /quota/],
  ['AuthorizationHeaderMalformed', 400, 'store.unavailable', /MINIO_REGION/],
  ['MovedPermanently', 301, 'store.unavailable', /MINIO_ENDPOINT/],
  ['', 503, 'store.unavailable', /runs/],
  ['ECONNREFUSED', undefined, 'store.unavailable', /MINIO_PORT/],
  ['ENOTFOUND', undefined, 'store.unavailable', /MINIO_ENDPOINT/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', undefined, 'store.unavailable', /NODE_EXTRA_CA_CERTS/],
])('S3 that fails with %s and status %s is %s', (code, status, expected, hint) => {
  expect(s3Error(coded(code), exchange(status), place, 'v1/a')).toMatchObject({
    code: expected,
    message: expect.stringContaining(place.endpoint),
    hint: expect.stringMatching(hint),
  })
})

test.each([
  ['ECONNREFUSED', undefined, false, 'transient'],
  ['ETIMEDOUT', undefined, false, 'transient'],
  ['ETIMEDOUT', undefined, true, 'unclear'],
  ['ECONNRESET', undefined, true, 'unclear'],
  ['ECONNRESET', 200, true, 'unclear'],
  ['', 500, true, 'unclear'],
  ['', 503, true, 'unclear'],
  ['', 429, true, 'unclear'],
  ['ConditionalRequestConflict', 409, true, 'unclear'],
  ['XMinioStorageFull', 507, true, 'refused'],
  ['AccessDenied', 403, true, 'refused'],
  ['InvalidArgument', 400, true, 'refused'],
] as const)('%s with status %s, sent %s, is %s', (code, status, sent, expected) => {
  expect(classifyFailure(coded(code), exchange(status, sent))).toBe(expected)
})

test('a second site is reached by settings of its own', () => {
  const second = { ...place, settings: 'WA_GATEWAY_COPY' } as const
  const hints = [coded('AccessDenied'), coded('NoSuchBucket'), coded('')].map(
    (thrown, i) => s3Error(thrown, exchange([403, 404, 503][i]), second, 'v1/a').hint,
  )
  expect(hints[0]).toContain('WA_GATEWAY_COPY_SECRET_KEY')
  expect(hints[2]).toContain('WA_GATEWAY_COPY_ENDPOINT')
  expect(hints.join()).not.toContain('MINIO')
})
