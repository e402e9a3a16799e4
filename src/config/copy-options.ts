import { flag, host, integer, matching, secret } from './kinds.ts'
import { option } from './option.ts'

/** How `backup copy` reaches a second store in S3; which bucket is said with the command. */
export const COPY_OPTIONS = {
  copyEndpoint: option({
    env: 'WA_GATEWAY_COPY_ENDPOINT',
    key: 'copy.endpoint',
    kind: host,
    example: 's3.eu-central-1.amazonaws.com',
    doc: 'Host of the second S3 store for `backup copy`, without scheme and port.',
  }),
  copyPort: option({
    env: 'WA_GATEWAY_COPY_PORT',
    key: 'copy.port',
    kind: integer(1, 65_535),
    default: 443,
    doc: 'Its port.',
  }),
  copyUseSsl: option({
    env: 'WA_GATEWAY_COPY_USE_SSL',
    key: 'copy.useSsl',
    kind: flag,
    default: true,
    doc: 'Speak HTTPS with it.',
  }),
  copyRegion: option({
    env: 'WA_GATEWAY_COPY_REGION',
    key: 'copy.region',
    kind: matching(/^[A-Za-z0-9-]{1,64}$/, 'a region such as us-east-1'),
    default: 'us-east-1',
    doc: 'Its region.',
  }),
  copyAccessKey: option({
    env: 'WA_GATEWAY_COPY_ACCESS_KEY',
    key: 'copy.accessKey',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Its access key.',
  }),
  copySecretKey: option({
    env: 'WA_GATEWAY_COPY_SECRET_KEY',
    key: 'copy.secretKey',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Its secret key.',
  }),
} as const
