import * as computed from './computed.ts'
import { encryptionKeys } from './encryption-keys.ts'
import { choice, flag, host, integer, matching, milliseconds, path, secret } from './kinds.ts'
import { option } from './option.ts'

const ACKS = { local: 'local', remote: 'remote' } as const

/** The object store and what goes there. */
export const STORAGE_OPTIONS = {
  minioEndpoint: option({
    env: 'MINIO_ENDPOINT',
    key: 'minio.endpoint',
    kind: host,
    example: 'minio.internal',
    doc: 'Host of MinIO or another S3 store, without scheme and port. Setting it chooses `s3` storage.',
  }),
  minioPort: option({
    env: 'MINIO_PORT',
    key: 'minio.port',
    kind: integer(1, 65_535),
    default: 9000,
    doc: 'Its port; 443 for AWS.',
  }),
  minioUseSsl: option({
    env: 'MINIO_USE_SSL',
    key: 'minio.useSsl',
    kind: flag,
    default: false,
    doc: 'Speak HTTPS with it.',
  }),
  minioAccessKey: option({
    env: 'MINIO_ACCESS_KEY',
    key: 'minio.accessKey',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Access key.',
  }),
  minioSecretKey: option({
    env: 'MINIO_SECRET_KEY',
    key: 'minio.secretKey',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Secret key.',
  }),
  minioBucket: option({
    env: 'MINIO_BUCKET',
    key: 'minio.bucket',
    kind: matching(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'a bucket name: 3 to 63 small letters, digits, dots and hyphens',
    ),
    default: 'whatsapp-sessions',
    doc: 'Bucket; it must exist.',
  }),
  minioRegion: option({
    env: 'MINIO_REGION',
    key: 'minio.region',
    kind: matching(/^[A-Za-z0-9-]{1,64}$/, 'a region such as us-east-1'),
    default: 'us-east-1',
    doc: 'Region.',
  }),
  minioPrefix: option({
    env: 'MINIO_PREFIX',
    key: 'minio.prefix',
    kind: matching(
      /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/,
      'a prefix such as gateway/blue, without slashes at its ends',
    ),
    example: 'gateway',
    doc: 'Prefix of every object name, for a bucket that others use too.',
  }),

  storageKind: option({
    env: 'WA_GATEWAY_STORAGE',
    key: 'storage.kind',
    kind: choice({ folder: 'folder', s3: 's3' }),
    computed: computed.storageKind,
    example: 'folder',
    doc: 'Where sessions are backed up: `folder` (this host) or `s3` (MinIO and others).',
  }),
  storageDir: option({
    env: 'WA_GATEWAY_STORAGE_DIR',
    key: 'storage.dir',
    kind: path,
    computed: computed.inStateDir('objects'),
    example: '/srv/wa-gateway/objects',
    doc: 'Directory of the `folder` storage; better on another disk than the state directory.',
  }),
  encryptionKey: option({
    env: 'WA_GATEWAY_ENCRYPTION_KEY',
    key: 'encryption.key',
    kind: encryptionKeys,
    secret: true,
    example: "'…'",
    doc: 'Encrypts what is stored: 32 random bytes, as 64 hexadecimal digits or base64 (`openssl rand -base64 32`). Several with commas or on lines of their own: the first locks, all unlock. Needed for `s3`.',
  }),
  allowPlaintext: option({
    env: 'WA_GATEWAY_ALLOW_PLAINTEXT',
    key: 'encryption.allowPlaintext',
    kind: flag,
    default: false,
    doc: 'Allow `s3` storage without a key; with one, read objects that were stored before there was a key.',
  }),
  ack: option({
    env: 'WA_GATEWAY_ACK',
    key: 'ack',
    kind: choice(ACKS),
    default: 'local' as const,
    doc: 'What a change must have reached before WhatsApp is told that a message arrived: this disk (`local`), or the object store too (`remote`).',
  }),
  shipWindow: option({
    env: 'WA_GATEWAY_SHIP_WINDOW',
    key: 'shipping.window',
    kind: milliseconds(1),
    reload: 'replica',
    computed: computed.shipWindow,
    example: '1000',
    doc: 'Milliseconds of changes that go to the object store together, in one request however many sessions are busy.',
  }),
  backlogLimit: option({
    env: 'WA_GATEWAY_BACKLOG_LIMIT',
    key: 'shipping.backlogLimit',
    kind: integer(1, Number.MAX_SAFE_INTEGER),
    default: 1_073_741_824,
    reload: 'backlog',
    doc: 'Bytes of changes that may wait on this disk for the object store; above it sessions stop reading until half of it is stored.',
  }),
  snapshotInterval: option({
    env: 'WA_GATEWAY_SNAPSHOT_INTERVAL',
    key: 'snapshot.interval',
    kind: milliseconds(100),
    default: 900_000,
    reload: 'snapshots',
    doc: 'Milliseconds after which a session that changed gets a new snapshot: the most that a restore has to replay.',
  }),
  verifyInterval: option({
    env: 'WA_GATEWAY_VERIFY_INTERVAL',
    key: 'verify.interval',
    kind: milliseconds(1_000),
    reload: 'verify',
    default: 604_800_000,
    doc: 'Milliseconds within which the daemon reads everything that is stored of its sessions once, to find damage while there is time.',
  }),
  pointInTimeHours: option({
    env: 'WA_GATEWAY_POINT_IN_TIME_HOURS',
    key: 'shipping.pointInTimeHours',
    kind: integer(0, 87_600),
    reload: 'replica',
    default: 72,
    doc: 'Hours for which changes stay in the object store after a snapshot covers them.',
  }),
} as const
