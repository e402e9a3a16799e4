import { expect, test } from 'vitest'
import { DEFAULT_RETENTION } from '../../../src/replica/retention/policy.ts'
import { load } from './fixture.ts'

test('the defaults are those of the specification', () => {
  const { config } = load({})
  expect(config.recovery).toMatchObject({
    enabled: true,
    startupDelay: 5000,
    timeout: 30_000,
    maxRetries: 3,
    retryDelay: 5000,
  })
  expect(config.shutdown).toEqual({ preserveSessions: true, timeout: 10_000 })
  expect(config.backend).toEqual({ kind: 'standalone' })
  expect(config.http).toEqual({ kind: 'off' })
  expect(config.environment).toBe('PRODUCTION')
})

test('acknowledging locally ships once a second, remotely at once', () => {
  const { config } = load({})
  expect(config.ack).toBe('local')
  expect(config.shipping).toEqual({ window: 1000, backlogLimit: 2 ** 30, pointInTimeHours: 72 })
  expect(config.snapshot.interval).toBe(900_000)
  expect(config.retention).toEqual(DEFAULT_RETENTION)
  const elsewhere = { WA_GATEWAY_ACK: 'remote', WA_GATEWAY_STORAGE_DIR: '/state-of-another-disk' }
  expect(load({ ...elsewhere, WA_GATEWAY_STATE_DIR: '/state' }).config).toMatchObject({
    ack: 'remote',
    shipping: { window: 25 },
  })
  expect(load({ ...elsewhere, WA_GATEWAY_SHIP_WINDOW: '200' }).config.shipping.window).toBe(200)
})

test('everything stays below the state directory', () => {
  const { config } = load({ WA_GATEWAY_STATE_DIR: 'state' })
  expect(config.stateDir).toBe('/work-dir/state')
  expect(config.socket).toBe('/work-dir/state/control.sock')
  expect(config.storage).toEqual({ kind: 'folder', dir: '/work-dir/state/objects' })
  expect(config.registry).toEqual({ kind: 'sqlite', file: '/work-dir/state/registry.db' })
})

test.each([
  [{}, 1000, '/home/someone/.local/state/wa-gateway'],
  [{ XDG_STATE_HOME: '/xdg' }, 1000, '/xdg/wa-gateway'],
  [{}, 0, '/var/lib/wa-gateway'],
  [{ STATE_DIRECTORY: '/var/lib/one:/var/lib/two' }, 0, '/var/lib/one'],
])('state directory of %j for uid %i', (env, uid, stateDir) => {
  expect(load(env, { uid }).config.stateDir).toBe(stateDir)
})

test('systemd gives the runtime directory to the socket', () => {
  expect(load({ RUNTIME_DIRECTORY: '/run/wa-gateway' }).config.socket).toBe(
    '/run/wa-gateway/control.sock',
  )
})

test.each([
  ['host-1', 'host-1'],
  ['node.example.com', 'node-example-com'],
  ['x', 'worker-x'],
  ['—', 'worker-one'],
  ['n'.repeat(80), 'n'.repeat(50)],
])('worker id of host %s', (hostname, id) => {
  expect(load({}, { hostname }).config.worker.id).toBe(id)
  expect(id).toMatch(/^[A-Za-z0-9_-]{3,50}$/)
})

test.each([
  ['production', 'PRODUCTION'],
  ['test', 'TESTING'],
  ['Staging', 'STAGING'],
  ['development', 'DEVELOPMENT'],
])('NODE_ENV %s is %s to the backend', (NODE_ENV, environment) => {
  expect(load({ NODE_ENV }).config.environment).toBe(environment)
})

test('an empty variable counts as unset', () => {
  const { config, origins } = load({ BACKEND_URL: '', MINIO_ENDPOINT: '', LOG_LEVEL: '' })
  expect(config.backend.kind).toBe('standalone')
  expect(config.storage.kind).toBe('folder')
  expect(origins.logLevel).toEqual({ kind: 'default', text: 'default' })
})

test('the configuration is frozen to its leaves', () => {
  const { config } = load({})
  expect(() => Object.assign(config.recovery, { timeout: 1 })).toThrow(TypeError)
  expect(() => Object.assign(config, { stateDir: '/' })).toThrow(TypeError)
})
