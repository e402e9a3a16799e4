import { flag, host, integer, matching, milliseconds, secret, storeAddress } from './kinds.ts'
import { option } from './option.ts'

/** What is copied to a second site by itself, and how a second store in S3 is reached. */
export const COPY_OPTIONS = {
  copyTo: option({
    env: 'WA_GATEWAY_COPY_TO',
    key: 'copy.to',
    kind: storeAddress,
    example: 's3://whatsapp-copy',
    doc: 'Second store, `folder:/path` or `s3://bucket/prefix`, to which the daemon copies everything that is stored by itself, as `backup copy --to` does; at the endpoint below where it is S3. One worker of a fleet is enough.',
  }),
  copyInterval: option({
    env: 'WA_GATEWAY_COPY_INTERVAL',
    key: 'copy.interval',
    kind: milliseconds(1_000),
    reload: 'copy',
    default: 3_600_000,
    doc: 'Milliseconds from the beginning of one such copy to the next: what losing the first store may cost.',
  }),
  copyPrune: option({
    env: 'WA_GATEWAY_COPY_PRUNE',
    key: 'copy.prune',
    kind: flag,
    reload: 'copy',
    default: true,
    doc: 'Delete from the second store what the first has deleted: old backups, whose ratchets undo forward secrecy, and removed sessions.',
  }),
  copyEndpoint: option({
    env: 'WA_GATEWAY_COPY_ENDPOINT',
    key: 'copy.endpoint',
    kind: host,
    reload: 'copy',
    example: 's3.eu-central-1.amazonaws.com',
    doc: 'Host of the second S3 store, for WA_GATEWAY_COPY_TO and `backup copy`, without scheme and port.',
  }),
  copyPort: option({
    env: 'WA_GATEWAY_COPY_PORT',
    key: 'copy.port',
    kind: integer(1, 65_535),
    reload: 'copy',
    default: 443,
    doc: 'Its port.',
  }),
  copyUseSsl: option({
    env: 'WA_GATEWAY_COPY_USE_SSL',
    key: 'copy.useSsl',
    kind: flag,
    reload: 'copy',
    default: true,
    doc: 'Speak HTTPS with it.',
  }),
  copyRegion: option({
    env: 'WA_GATEWAY_COPY_REGION',
    key: 'copy.region',
    kind: matching(/^[A-Za-z0-9-]{1,64}$/, 'a region such as us-east-1'),
    reload: 'copy',
    default: 'us-east-1',
    doc: 'Its region.',
  }),
  copyAccessKey: option({
    env: 'WA_GATEWAY_COPY_ACCESS_KEY',
    key: 'copy.accessKey',
    kind: secret(),
    reload: 'copy',
    secret: true,
    example: "'…'",
    doc: 'Its access key.',
  }),
  copySecretKey: option({
    env: 'WA_GATEWAY_COPY_SECRET_KEY',
    key: 'copy.secretKey',
    kind: secret(),
    reload: 'copy',
    secret: true,
    example: "'…'",
    doc: 'Its secret key.',
  }),
} as const
