import { expect, test } from 'vitest'
import { load } from './fixture.ts'

test('flags win over the environment, and each value tells where it came from', () => {
  const { config, origins } = load(
    { LOG_LEVEL: 'warn', SESSION_RECOVERY_TIMEOUT: '1000' },
    { flags: { logLevel: 'debug', stateDir: '/flag' } },
  )
  expect(config.log.level).toBe('debug')
  expect(config.recovery.timeout).toBe(1000)
  expect(config.socket).toBe('/flag/control.sock')
  expect(origins.logLevel).toEqual({ kind: 'flag', text: 'flag --log-level' })
  expect(origins.recoveryTimeout).toEqual({
    kind: 'environment',
    text: 'environment SESSION_RECOVERY_TIMEOUT',
  })
  expect(origins.recoveryRetryDelay.kind).toBe('default')
})

test('describe lists every setting once, secrets hidden, unset ones without a value', () => {
  const rows = load({ LOG_LEVEL: 'warn' }).describe()
  expect(new Set(rows.map((row) => row.setting)).size).toBe(rows.length)
  expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  expect(rows).toContainEqual({
    setting: 'LOG_LEVEL',
    key: 'log.level',
    value: 'warn',
    origin: 'environment LOG_LEVEL',
    secret: false,
  })
  expect(rows.find((row) => row.setting === 'MINIO_SECRET_KEY')).toMatchObject({
    value: undefined,
    origin: 'default',
    secret: true,
  })
})

test('a misspelt variable of ours is a warning with what was meant', () => {
  const { warnings } = load({ WA_GATEWAY_STATEDIR: '/x', WA_GATEWAY_FUTURE_THING: '1', HOME: '/' })
  expect(warnings).toEqual([
    'WA_GATEWAY_STATEDIR is not a setting, did you mean WA_GATEWAY_STATE_DIR? (environment)',
    'WA_GATEWAY_FUTURE_THING is not a setting (environment)',
  ])
})

test('what has no effect is a warning', () => {
  const { warnings } = load({
    WORKER_AUTH_TOKEN: 'hush-token',
    WA_GATEWAY_HTTP_TOKEN: 'hush-0123456789abcdef',
  })
  expect(warnings).toEqual([
    'WORKER_AUTH_TOKEN (environment WORKER_AUTH_TOKEN) is set, but BACKEND_URL is not: the worker runs standalone',
    'WA_GATEWAY_HTTP_TOKEN (environment WA_GATEWAY_HTTP_TOKEN) is set, but WA_GATEWAY_HTTP is not: the HTTP API stays off',
  ])
})
