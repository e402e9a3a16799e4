import * as computed from './computed.ts'
import { encryptionKeys } from './encryption-keys.ts'
import {
  choice,
  flag,
  host,
  hostPort,
  integer,
  matching,
  milliseconds,
  path,
  pathEnding,
  secret,
  url,
  version,
} from './kinds.ts'
import { type Option, option } from './option.ts'

const LEVELS = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  silent: 'silent',
} as const

const ACKS = { local: 'local', remote: 'remote' } as const

const ENVIRONMENTS = {
  production: 'PRODUCTION',
  prod: 'PRODUCTION',
  staging: 'STAGING',
  testing: 'TESTING',
  test: 'TESTING',
  development: 'DEVELOPMENT',
  dev: 'DEVELOPMENT',
} as const

/**
 * Every setting. One row gives its type, default, environment variable, key in the file, place in
 * Config, README line and example. A row may use the values of rows above it for its default.
 */
export const OPTIONS = {
  stateDir: option({
    env: 'WA_GATEWAY_STATE_DIR',
    key: 'stateDir',
    kind: path,
    computed: computed.stateDir,
    example: '/var/lib/wa-gateway',
    doc: 'Directory of the local auth state, registry and lock. On a local disk, one for each worker.',
  }),
  socket: option({
    env: 'WA_GATEWAY_SOCKET',
    key: 'socket',
    kind: path,
    computed: computed.socket,
    example: '/run/wa-gateway/control.sock',
    doc: 'Unix socket over which the commands talk to the daemon; at most 107 bytes long.',
  }),
  registry: option({
    env: 'WA_GATEWAY_REGISTRY',
    key: 'registry',
    kind: pathEnding('.db'),
    computed: computed.inStateDir('registry.db'),
    example: '/var/lib/wa-gateway/registry.db',
    doc: 'SQLite file of the session metadata; its name ends in `.db`.',
  }),
  logLevel: option({
    env: 'LOG_LEVEL',
    key: 'log.level',
    kind: choice(LEVELS),
    default: 'info',
    doc: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.',
  }),
  environment: option({
    env: 'NODE_ENV',
    key: 'environment',
    kind: choice(ENVIRONMENTS),
    computed: { words: '`production`', from: () => 'PRODUCTION' as const },
    example: 'production',
    doc: 'What the backend is told of this worker: `production`, `staging`, `testing` or `development`.',
  }),

  recoveryEnabled: option({
    env: 'SESSION_RECOVERY_ENABLED',
    key: 'recovery.enabled',
    kind: flag,
    default: true,
    doc: 'Recover the assigned sessions when the daemon starts.',
  }),
  recoveryStartupDelay: option({
    env: 'SESSION_RECOVERY_STARTUP_DELAY',
    key: 'recovery.startupDelay',
    kind: milliseconds(0),
    default: 5000,
    doc: 'Milliseconds between registration and the start of recovery.',
  }),
  recoveryTimeout: option({
    env: 'SESSION_RECOVERY_TIMEOUT',
    key: 'recovery.timeout',
    kind: milliseconds(1),
    default: 30_000,
    doc: 'Milliseconds that one attempt to bring a session online may take.',
  }),
  recoveryMaxRetries: option({
    env: 'SESSION_RECOVERY_MAX_RETRIES',
    key: 'recovery.maxRetries',
    kind: integer(0, 1000),
    default: 3,
    doc: 'Retries of one session after its first attempt.',
  }),
  recoveryRetryDelay: option({
    env: 'SESSION_RECOVERY_RETRY_DELAY',
    key: 'recovery.retryDelay',
    kind: milliseconds(0),
    default: 5000,
    doc: 'Milliseconds before the first retry, twice as many before each further one; half to all of it, by chance.',
  }),
  recoveryConcurrency: option({
    env: 'WA_GATEWAY_RECOVERY_CONCURRENCY',
    key: 'recovery.concurrency',
    kind: integer(1, 1000),
    default: 10,
    doc: 'Sessions that log in at the same time.',
  }),
  recoveryRestores: option({
    env: 'WA_GATEWAY_RECOVERY_RESTORES',
    key: 'recovery.restores',
    kind: integer(1, 1000),
    default: 20,
    doc: 'Sessions that are fetched from the object store at the same time, ahead of their login.',
  }),
  recoveryOrder: option({
    env: 'WA_GATEWAY_RECOVERY_ORDER',
    key: 'recovery.order',
    kind: choice({ activity: 'activity', name: 'name' }),
    default: 'activity' as const,
    doc: 'Which sessions come first: those with the latest `activity`, or by `name`.',
  }),
  recoveryDeadline: option({
    env: 'WA_GATEWAY_RECOVERY_DEADLINE',
    key: 'recovery.deadline',
    kind: milliseconds(1),
    default: 600_000,
    doc: 'Milliseconds after which a recovery is reported as it stands; what is missing is tried on in the background.',
  }),
  loginRate: option({
    env: 'WA_GATEWAY_LOGIN_RATE',
    key: 'whatsapp.loginRate',
    kind: integer(1, 1000),
    default: 100,
    doc: 'Logins a second at WhatsApp, over all sessions: recoveries, reconnects and retries alike.',
  }),

  preserveOnShutdown: option({
    env: 'SESSION_PRESERVE_ON_SHUTDOWN',
    key: 'shutdown.preserveSessions',
    kind: flag,
    default: true,
    doc: 'Bring every session to the object store before stopping. The local state is kept safe either way.',
  }),
  shutdownTimeout: option({
    env: 'GRACEFUL_SHUTDOWN_TIMEOUT',
    key: 'shutdown.timeout',
    kind: milliseconds(1),
    default: 10_000,
    doc: 'Milliseconds that a graceful stop may take.',
  }),

  workerId: option({
    env: 'WORKER_ID',
    key: 'worker.id',
    kind: matching(/^[A-Za-z0-9_-]{3,50}$/, '3 to 50 letters, digits, _ or -'),
    computed: computed.workerId,
    example: 'worker-1',
    doc: "This worker's name, unique and the same after every restart: set it in containers, whose host names change.",
  }),
  maxSessions: option({
    env: 'MAX_SESSIONS',
    key: 'worker.maxSessions',
    kind: integer(1, 1000),
    default: 1000,
    doc: 'Sessions that this worker takes; the backend allows 1 to 1000.',
  }),

  backendUrl: option({
    env: 'BACKEND_URL',
    key: 'backend.url',
    kind: url('http', 'https'),
    example: 'https://backend.example.com',
    doc: 'The backend that assigns sessions; without it the worker is standalone.',
  }),
  standalone: option({
    env: 'STANDALONE_MODE',
    key: 'backend.standalone',
    kind: flag,
    computed: computed.standalone,
    example: 'false',
    doc: 'Run without a backend; contradicts `BACKEND_URL`.',
  }),
  backendToken: option({
    env: 'WORKER_AUTH_TOKEN',
    key: 'backend.token',
    kind: secret(),
    secret: true,
    example: "'…'",
    doc: 'Bearer token that the backend asks for.',
  }),
  backendEndpoint: option({
    env: 'WORKER_ENDPOINT',
    key: 'backend.endpoint',
    kind: url('http', 'https'),
    example: 'http://worker-1.internal:8080',
    doc: 'URL at which the backend reaches this worker.',
  }),
  backendRegistration: option({
    env: 'BACKEND_REGISTRATION_ENABLED',
    key: 'backend.registration',
    kind: flag,
    default: true,
    doc: 'Register with the backend at start and unregister at stop.',
  }),
  backendHeartbeat: option({
    env: 'BACKEND_HEARTBEAT_INTERVAL',
    key: 'backend.heartbeatInterval',
    kind: milliseconds(100),
    default: 30_000,
    doc: 'Milliseconds between heartbeats.',
  }),
  backendAssignments: option({
    env: 'BACKEND_ASSIGNMENT_INTERVAL',
    key: 'backend.assignmentInterval',
    kind: milliseconds(100),
    default: 60_000,
    doc: 'Milliseconds between two looks at the list of sessions that the backend gives to this worker.',
  }),

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
    computed: computed.shipWindow,
    example: '1000',
    doc: 'Milliseconds of changes that go to the object store together, in one request however many sessions are busy.',
  }),
  backlogLimit: option({
    env: 'WA_GATEWAY_BACKLOG_LIMIT',
    key: 'shipping.backlogLimit',
    kind: integer(1, Number.MAX_SAFE_INTEGER),
    default: 1_073_741_824,
    doc: 'Bytes of changes that may wait on this disk for the object store; above it sessions stop reading until half of it is stored.',
  }),
  snapshotInterval: option({
    env: 'WA_GATEWAY_SNAPSHOT_INTERVAL',
    key: 'snapshot.interval',
    kind: milliseconds(100),
    default: 900_000,
    doc: 'Milliseconds after which a session that changed gets a new snapshot: the most that a restore has to replay.',
  }),
  pointInTimeHours: option({
    env: 'WA_GATEWAY_POINT_IN_TIME_HOURS',
    key: 'shipping.pointInTimeHours',
    kind: integer(0, 87_600),
    default: 72,
    doc: 'Hours for which changes stay in the object store after a snapshot covers them.',
  }),

  httpAddress: option({
    env: 'WA_GATEWAY_HTTP',
    key: 'http.address',
    kind: hostPort,
    example: '127.0.0.1:8080',
    doc: '`host:port` of the HTTP API; off when unset.',
  }),
  httpToken: option({
    env: 'WA_GATEWAY_HTTP_TOKEN',
    key: 'http.token',
    kind: secret(16),
    secret: true,
    example: "'…'",
    doc: 'Bearer token of the HTTP API, at least 16 characters; needed with `WA_GATEWAY_HTTP`.',
  }),
  httpAllowRemote: option({
    env: 'WA_GATEWAY_HTTP_ALLOW_REMOTE',
    key: 'http.allowRemote',
    kind: flag,
    default: false,
    doc: 'Let the HTTP API listen on other than loopback addresses. It speaks no TLS itself, and a QR code is the account: put a TLS proxy in front.',
  }),

  metricsPerSession: option({
    env: 'WA_GATEWAY_METRICS_PER_SESSION',
    key: 'metrics.perSession',
    kind: flag,
    default: false,
    doc: 'Add metrics for each session, labelled with its id: five more series a session.',
  }),

  whatsappUrl: option({
    env: 'WA_GATEWAY_WHATSAPP_URL',
    key: 'whatsapp.url',
    kind: url('wss', 'ws'),
    default: 'wss://web.whatsapp.com/ws/chat',
    doc: "Address of WhatsApp's web socket; the simulator's in tests.",
  }),
  whatsappRoot: option({
    env: 'WA_GATEWAY_WHATSAPP_ROOT',
    key: 'whatsapp.root',
    kind: matching(/^[0-9a-fA-F]{64}$/, '64 hexadecimal digits'),
    example: "'…'",
    doc: "Public key of another certificate root, 64 hexadecimal digits (the simulator's); only with a loopback URL.",
  }),
  whatsappVersion: option({
    env: 'WA_GATEWAY_WHATSAPP_VERSION',
    key: 'whatsapp.version',
    kind: version,
    example: "'2.3000.1033893291'",
    doc: 'WhatsApp Web version to announce instead of the built-in one.',
  }),
} as const

type Options = typeof OPTIONS
export type OptionName = keyof Options

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** The type of one setting; includes undefined where its row has no default. */
export type ValueOf<N extends OptionName> = Options[N] extends Option<infer T, string> ? T : never

/** Every setting by name, flat. */
export type Values = { [N in OptionName]: ValueOf<N> }
