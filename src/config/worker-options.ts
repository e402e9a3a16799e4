import * as computed from './computed.ts'
import { choice, flag, integer, matching, milliseconds, path, pathEnding } from './kinds.ts'
import { option } from './option.ts'

const LEVELS = {
  trace: 'trace',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'fatal',
  silent: 'silent',
} as const

const ENVIRONMENTS = {
  production: 'PRODUCTION',
  prod: 'PRODUCTION',
  staging: 'STAGING',
  testing: 'TESTING',
  test: 'TESTING',
  development: 'DEVELOPMENT',
  dev: 'DEVELOPMENT',
} as const

/** Where the worker lives, its recovery and its stop. */
export const WORKER_OPTIONS = {
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
    default: 20,
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
    default: 200,
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
} as const
