import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface SignedRequest {
  method: string
  /** As on the request line, with its query. */
  url: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Credentials {
  accessKey: string
  secretKey: string
  region: string
}

export interface Refusal {
  status: number
  code: string
}

const SKEW_MS = 15 * 60_000

/** Checks the header form of AWS Signature Version 4; undefined where the request is genuine. */
export function refuseSignature(
  request: SignedRequest,
  credentials: Credentials,
): Refusal | undefined {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    )
  if (given === null) return { status: 403, code: 'AccessDenied' }
  const [, credential = '', signedHeaders = '', signature = ''] = given
  const [accessKey, day = '', region = '', service, terminator] = credential.split('/')
  if (accessKey !== credentials.accessKey) return { status: 403, code: 'InvalidAccessKeyId' }
  if (service !== 's3' || terminator !== 'aws4_request' || region !== credentials.region) {
    return { status: 400, code: 'AuthorizationHeaderMalformed' }
  }
  const stamp = header(request, 'x-amz-date')
  const at = Date.parse(
    stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  if (!stamp.startsWith(day) || !(Math.abs(Date.now() - at) < SKEW_MS)) {
    return { status: 403, code: 'RequestTimeTooSkewed' }
  }
  const payload = header(request, 'x-amz-content-sha256')
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(request.body)) {
    return { status: 400, code: 'XAmzContentSHA256Mismatch' }
  }
  const toSign = [
    'AWS4-HMAC-SHA256',
    stamp,
    `${day}/${region}/s3/aws4_request`,
    sha256(canonicalRequest(request, signedHeaders, payload)),
  ].join('\n')
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretKey}`,
  )
  const expected = createHmac('sha256', key).update(toSign).digest()
  const actual = Buffer.from(signature, 'hex')
  const genuine = actual.length === expected.length && timingSafeEqual(actual, expected)
  return genuine ? undefined : { status: 403, code: 'SignatureDoesNotMatch' }
}

function canonicalRequest(request: SignedRequest, signedHeaders: string, payload: string): string {
  const [path = '', query = ''] = request.url.split('?')
  const parameters = query === '' ? [] : query.split('&')
  return [
    request.method,
    path,
    parameters
      .map((parameter) => (parameter.includes('=') ? parameter : `${parameter}=`))
      .toSorted()
      .join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${header(request, name)}`),
    '',
    signedHeaders,
    payload,
  ].join('\n')
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name]
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).trim().replaceAll(/ +/g, ' ')
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}
