import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { secretsOf } from '../../../src/config/secret.ts'
import { load } from './fixture.ts'

const S3 = {
  MINIO_ENDPOINT: 'minio',
  MINIO_ACCESS_KEY: 'hush-access',
  MINIO_SECRET_KEY: 'hush-key',
  WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
}
const BACKEND = {
  BACKEND_URL: 'https://backend.example.com/',
  WORKER_AUTH_TOKEN: 'hush-token',
  WORKER_ENDPOINT: 'http://worker:8080',
}
const HTTP = { WA_GATEWAY_HTTP: '127.0.0.1:0', WA_GATEWAY_HTTP_TOKEN: 'hush-0123456789abcdef' }

test('MINIO_ENDPOINT chooses s3', () => {
  const { storage } = load(S3).config
  expect(storage).toMatchObject({
    kind: 's3',
    endpoint: 'minio',
    port: 9000,
    useSsl: false,
    bucket: 'whatsapp-sessions',
    region: 'us-east-1',
  })
  expect(storage.kind === 's3' && storage.secretKey.reveal()).toBe('hush-key')
})

test('a backend is described with all that it needs', () => {
  const { backend } = load(BACKEND).config
  expect(backend).toMatchObject({
    kind: 'http',
    url: 'https://backend.example.com',
    endpoint: 'http://worker:8080',
    registration: true,
    heartbeatInterval: 30_000,
  })
})

test('HTTP on loopback needs a token and nothing else', () => {
  expect(load(HTTP).config.http).toMatchObject({ kind: 'on', host: '127.0.0.1', port: 0 })
  const six = load({ ...HTTP, WA_GATEWAY_HTTP: '[::1]:8080' })
  expect(six.config.http).toMatchObject({ host: '::1', port: 8080 })
  expect(six.describe().find((row) => row.setting === 'WA_GATEWAY_HTTP')?.value).toBe('[::1]:8080')
})

test('HTTP on other addresses is allowed when asked for', () => {
  const env = { ...HTTP, WA_GATEWAY_HTTP: '0.0.0.0:80', WA_GATEWAY_HTTP_ALLOW_REMOTE: 'true' }
  expect(load(env).config.http).toMatchObject({ kind: 'on', host: '0.0.0.0', port: 80 })
})

test('the simulator may stand in for WhatsApp on this host', () => {
  const env = {
    WA_GATEWAY_WHATSAPP_URL: 'ws://127.0.0.1:4000/ws/chat',
    WA_GATEWAY_WHATSAPP_ROOT: 'ab'.repeat(32),
    WA_GATEWAY_WHATSAPP_VERSION: '2.3000.7',
  }
  expect(load(env).config.whatsapp).toEqual({
    url: 'ws://127.0.0.1:4000/ws/chat',
    root: 'ab'.repeat(32),
    loginRate: 200,
    version: [2, 3000, 7],
  })
})

test('no way of printing the configuration shows a secret', () => {
  const loaded = load({ ...S3, ...BACKEND, ...HTTP })
  const texts = [
    inspect(loaded, { depth: 20, showHidden: true }),
    JSON.stringify(loaded),
    JSON.stringify(loaded.describe()),
    Object.values(loaded.config.storage).join(' '),
  ]
  for (const text of texts) {
    expect(text).not.toContain('hush')
    expect(text).toContain('[secret]')
  }
})

test.each([
  'postgresql://wa:hush%2Ff%20x@db.internal:5433/fleet?sslmode=verify-full',
  'postgres://wa:hush%2Ff%20x@/fleet?host=/run/postgresql',
])('the URL of a fleet directory is a secret, and so is its password: %s', (url) => {
  const { config, describe } = load({ WA_GATEWAY_FLEET_URL: url })
  expect(config.fleet.url?.reveal()).toBe(url)
  expect(inspect(config, { depth: 9 }) + JSON.stringify(describe())).not.toContain('hush')
  expect(secretsOf(config)).toEqual(expect.arrayContaining([url, 'hush%2Ff%20x', 'hush/f x']))
})
