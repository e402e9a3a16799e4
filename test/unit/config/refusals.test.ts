import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { OPTION_NAMES, OPTIONS } from '../../../src/config/options.ts'
import { ConfigError } from '../../../src/config/problem.ts'
import { load, refused } from './fixture.ts'

const PLAIN = { WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }
const CREDENTIALS = { MINIO_ACCESS_KEY: 'hush-a', MINIO_SECRET_KEY: 'hush-b', ...PLAIN }
const COPY_CREDENTIALS = {
  WA_GATEWAY_COPY_ACCESS_KEY: 'hush-c',
  WA_GATEWAY_COPY_SECRET_KEY: 'hush-d',
}
const TO_THEIRS = { WA_GATEWAY_COPY_TO: 's3://theirs' }
const BACKEND = {
  BACKEND_URL: 'http://backend',
  WORKER_AUTH_TOKEN: 'hush-token',
  WORKER_ENDPOINT: 'http://worker',
}
const TOKEN = 'hush-0123456789abcdef'

test.each<[string, Record<string, string>, string]>([
  [
    'SESSION_RECOVERY_TIMEOUT',
    { SESSION_RECOVERY_TIMEOUT: 'soon' },
    "'soon' is not a whole number",
  ],
  [
    'SESSION_RECOVERY_STARTUP_DELAY',
    { SESSION_RECOVERY_STARTUP_DELAY: '-1' },
    "'-1' is not from 0",
  ],
  [
    'WA_GATEWAY_FLEET_URL',
    { WA_GATEWAY_FLEET_URL: 'mysql://me:hush-f@db/fleet' },
    'is not a URL such as postgresql://',
  ],
  [
    'WA_GATEWAY_FLEET_URL',
    { WA_GATEWAY_FLEET_URL: 'hush-f' },
    'is not a URL such as postgresql://',
  ],
  [
    'WA_GATEWAY_FLEET_URL',
    { WA_GATEWAY_FLEET_URL: 'postgresql://me:hush-f@db' },
    'names no database',
  ],
  ['SESSION_RECOVERY_MAX_RETRIES', { SESSION_RECOVERY_MAX_RETRIES: '2.5' }, "'2.5' is not a whole"],
  [
    'GRACEFUL_SHUTDOWN_TIMEOUT',
    { GRACEFUL_SHUTDOWN_TIMEOUT: '3000000000' },
    'is not from 1 to 2147',
  ],
  [
    'SESSION_RECOVERY_ENABLED',
    { SESSION_RECOVERY_ENABLED: 'maybe' },
    "'maybe' is not true or false",
  ],
  ['LOG_LEVEL', { LOG_LEVEL: 'loud' }, "'loud' is none of trace, debug, info"],
  ['NODE_ENV', { NODE_ENV: 'qa' }, "'qa' is none of production"],
  ['WORKER_ID', { WORKER_ID: 'a b c' }, "'a b c' is not 3 to 50 letters"],
  ['MAX_SESSIONS', { MAX_SESSIONS: '1001' }, "'1001' is not from 1 to 1000"],
  [
    'BACKEND_URL',
    { BACKEND_URL: 'backend:80' },
    "'backend:80' is not a URL that begins with http://",
  ],
  ['BACKEND_URL', { BACKEND_URL: 'http://me:hush@b' }, 'must not contain a user name or password'],
  ['BACKEND_URL', { BACKEND_URL: 'ftp://me:hush@b' }, "'ftp://…@b' is not a URL"],
  [
    'MINIO_ENDPOINT',
    { MINIO_ENDPOINT: 'https://m:9000' },
    'write m and put the port 9000 into its',
  ],
  [
    'MINIO_PORT',
    { MINIO_ENDPOINT: 'm', ...CREDENTIALS, MINIO_PORT: 'nine' },
    "'nine' is not a whole",
  ],
  ['MINIO_ACCESS_KEY', { MINIO_ENDPOINT: 'm', MINIO_SECRET_KEY: 'hush', ...PLAIN }, 'is missing'],
  [
    'MINIO_SECRET_KEY',
    { MINIO_ENDPOINT: 'm', MINIO_ACCESS_KEY: 'hush', ...PLAIN },
    'chooses s3 storage',
  ],
  ['WA_GATEWAY_ACK', { WA_GATEWAY_ACK: 'both' }, "'both' is none of local, remote"],
  ['WA_GATEWAY_ACK', { WA_GATEWAY_ACK: 'remote' }, '/objects lies in the state directory'],
  [
    'WA_GATEWAY_ACK',
    { WA_GATEWAY_ACK: 'remote', WA_GATEWAY_STATE_DIR: '/s', WA_GATEWAY_STORAGE_DIR: '/s' },
    'WA_GATEWAY_STORAGE_DIR /s lies in the state directory',
  ],
  ['WA_GATEWAY_KEEP_LAST', { WA_GATEWAY_KEEP_LAST: '0' }, "'0' is not from 1"],
  ['WA_GATEWAY_KEEP_WITHIN', { WA_GATEWAY_KEEP_WITHIN: '7m' }, "'7m' is not a duration such as"],
  [
    'WA_GATEWAY_KEEP_HOURLY',
    { WA_GATEWAY_KEEP_WITHIN: '7d', WA_GATEWAY_KEEP_HOURLY: '168' },
    'keeps nothing that WA_GATEWAY_KEEP_WITHIN (environment WA_GATEWAY_KEEP_WITHIN) does not keep',
  ],
  [
    'WA_GATEWAY_KEEP_DAILY',
    { WA_GATEWAY_KEEP_WITHIN: '7d', WA_GATEWAY_KEEP_DAILY: '3' },
    'make it longer or unset it',
  ],
  [
    'WA_GATEWAY_COPY_TO',
    { WA_GATEWAY_COPY_TO: 'folder:copies' },
    "'folder:copies' is not folder:/",
  ],
  ['WA_GATEWAY_COPY_TO', { WA_GATEWAY_COPY_TO: 's3://x' }, "'s3://x' is not folder:/path, s3://b"],
  [
    'WA_GATEWAY_COPY_TO',
    { WA_GATEWAY_STORAGE_DIR: '/d', WA_GATEWAY_COPY_TO: 'folder:/d/../d/' },
    "/d/../d/ is this worker's own store",
  ],
  [
    'WA_GATEWAY_COPY_TO',
    {
      MINIO_ENDPOINT: 'm',
      MINIO_PORT: '443',
      MINIO_BUCKET: 'ours',
      ...CREDENTIALS,
      ...COPY_CREDENTIALS,
      WA_GATEWAY_COPY_ENDPOINT: 'm',
      WA_GATEWAY_COPY_TO: 's3://ours',
    },
    "s3://ours is this worker's own store",
  ],
  [
    'WA_GATEWAY_COPY_ENDPOINT',
    { ...COPY_CREDENTIALS, ...TO_THEIRS, ...PLAIN },
    'is missing: WA_GATEWAY_COPY_TO (environment',
  ],
  [
    'WA_GATEWAY_COPY_SECRET_KEY',
    { WA_GATEWAY_COPY_ENDPOINT: 'm', WA_GATEWAY_COPY_ACCESS_KEY: 'hush', ...TO_THEIRS, ...PLAIN },
    'is in S3, which needs it',
  ],
  [
    'WA_GATEWAY_ENCRYPTION_KEY',
    { WA_GATEWAY_COPY_ENDPOINT: 'm', ...COPY_CREDENTIALS, ...TO_THEIRS },
    'brings sessions to another host',
  ],
  ['WA_GATEWAY_SHIP_WINDOW', { WA_GATEWAY_SHIP_WINDOW: '0' }, "'0' is not from 1"],
  ['MINIO_ENDPOINT', { WA_GATEWAY_STORAGE: 's3', ...CREDENTIALS }, "storage 's3' of WA_GATEWAY_ST"],
  ['MINIO_BUCKET', { MINIO_BUCKET: 'ours' }, 'is set, but MINIO_ENDPOINT is not'],
  ['WA_GATEWAY_STORAGE', { WA_GATEWAY_STORAGE: 'minio' }, "'minio' is none of folder, s3"],
  [
    'MINIO_ENDPOINT',
    { WA_GATEWAY_STORAGE: 'folder', MINIO_ENDPOINT: 'm' },
    "contradicts storage 'folder' of WA_GATEWAY_STORAGE (environment WA_GATEWAY_STORAGE)",
  ],
  [
    'WA_GATEWAY_STORAGE_DIR',
    { MINIO_ENDPOINT: 'm', ...CREDENTIALS, WA_GATEWAY_STORAGE_DIR: '/d' },
    'contradicts s3 storage',
  ],
  [
    'STANDALONE_MODE',
    { STANDALONE_MODE: 'true', ...BACKEND },
    'contradicts BACKEND_URL (environment',
  ],
  [
    'BACKEND_URL',
    { STANDALONE_MODE: 'false' },
    'is missing: STANDALONE_MODE (environment STANDALON',
  ],
  [
    'WORKER_AUTH_TOKEN',
    { ...BACKEND, WORKER_AUTH_TOKEN: '' },
    'is missing: BACKEND_URL (environment',
  ],
  ['WORKER_ENDPOINT', { ...BACKEND, WORKER_ENDPOINT: '' }, 'is missing: BACKEND_URL (environment'],
  [
    'WA_GATEWAY_HTTP',
    { WA_GATEWAY_HTTP: '8080', WA_GATEWAY_HTTP_TOKEN: TOKEN },
    'is not host:port',
  ],
  ['WA_GATEWAY_HTTP_TOKEN', { WA_GATEWAY_HTTP: 'localhost:1' }, 'is missing: WA_GATEWAY_HTTP'],
  ['WA_GATEWAY_HTTP_TOKEN', { WA_GATEWAY_HTTP_TOKEN: 'hush' }, 'at least 16 characters, it has 4'],
  [
    'WA_GATEWAY_HTTP',
    { WA_GATEWAY_HTTP: '0.0.0.0:80', WA_GATEWAY_HTTP_TOKEN: TOKEN },
    "'0.0.0.0' is reached from other hosts",
  ],
  ['WA_GATEWAY_WHATSAPP_ROOT', { WA_GATEWAY_WHATSAPP_ROOT: 'xyz' }, 'is not 64 hexadecimal digits'],
  [
    'WA_GATEWAY_WHATSAPP_ROOT',
    { WA_GATEWAY_WHATSAPP_ROOT: 'a'.repeat(64) },
    'only for a simulator',
  ],
  ['WA_GATEWAY_WHATSAPP_VERSION', { WA_GATEWAY_WHATSAPP_VERSION: '2.3' }, 'is not three numbers'],
  ['WA_GATEWAY_SOCKET', { WA_GATEWAY_SOCKET: `/${'s'.repeat(107)}` }, 'has 108 bytes, and 107'],
  ['WA_GATEWAY_STATE_DIR', { WA_GATEWAY_STATE_DIR: `/${'é'.repeat(60)}` }, 'and 107 is the limit'],
  ['WA_GATEWAY_REGISTRY', { WA_GATEWAY_REGISTRY: '/etc/passwd' }, 'does not end in .db'],
  ['WA_GATEWAY_REGISTRY', { WA_GATEWAY_REGISTRY: 'postgres://db/x' }, 'is a URL, not a path'],
])('%s of %j is refused', (setting, env, words) => {
  const error = refused(env)
  expect(error.code).toBe('config.invalid')
  expect(error.exit).toBe(78)
  expect(error.problems.map((problem) => problem.setting)).toEqual([setting])
  expect(error.message).toContain(words)
  expect(error.message).toContain(setting)
  expect(error.message).not.toContain('hush')
  const given = (env[setting] ?? '') !== ''
  expect(error.problems[0]?.origin).toBe(given ? `environment ${setting}` : undefined)
})

test('a socket path of exactly 107 bytes is fine', () => {
  expect(load({ WA_GATEWAY_SOCKET: `/${'s'.repeat(106)}` }).config.socket).toHaveLength(107)
})

test('every problem is told at once, with the warnings that may explain it', () => {
  const error = refused({
    MINIO_ENDPOINT: 'minio',
    SESSION_RECOVERY_TIMEOUT: 'soon',
    STANDALONE_MODE: 'yes',
    BACKEND_URL: 'http://b',
    WA_GATEWAY_SOKET: '/s',
  })
  expect(error.problems.map((problem) => problem.setting)).toEqual([
    'SESSION_RECOVERY_TIMEOUT',
    'MINIO_ACCESS_KEY',
    'MINIO_SECRET_KEY',
    'WA_GATEWAY_ENCRYPTION_KEY',
    'STANDALONE_MODE',
  ])
  expect(error.message.split('\n')).toHaveLength(6)
  expect(error.warnings).toEqual([expect.stringContaining('did you mean WA_GATEWAY_SOCKET?')])
})

test('any text for any settings either loads or is a ConfigError that shows no secret', () => {
  const names = OPTION_NAMES.map((name) => OPTIONS[name])
  const values = fc.oneof(
    fc.string(),
    fc.constantFrom('0', '-1', '1e3', 'true', 'localhost:1', 'http://x', '//a@b', 'a://b', '\0'),
  )
  const settings = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), values), {
    selector: ([option]) => option.env,
  })
  fc.assert(
    fc.property(settings, (chosen) => {
      const env = Object.fromEntries(
        chosen.map(([option, value], i) => [
          option.env,
          option.secret ? `${value}hush-${i}` : value,
        ]),
      )
      expect(failureOf(env)).not.toContain('hush')
    }),
  )
})

/** The message of the refusal, empty when the configuration was accepted. */
function failureOf(env: Record<string, string>): string {
  try {
    load(env)
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}
