import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { load, refused } from '../../unit/config/fixture.ts'
import { writtenFiles } from './written.ts'

const BACKEND = { BACKEND_URL: 'http://backend', WORKER_ENDPOINT: 'http://worker' }
const { dir, put } = writtenFiles()

function token(loaded: ReturnType<typeof load>): string | undefined {
  const { backend } = loaded.config
  return backend.kind === 'http' ? backend.token.reveal() : undefined
}

test('NAME_FILE names a file whose last line break does not count', () => {
  const path = put('token', 'hush-token\n')
  const loaded = load({ ...BACKEND, WORKER_AUTH_TOKEN_FILE: path })
  expect(token(loaded)).toBe('hush-token')
  expect(loaded.warnings).toEqual([])
  expect(loaded.origins.backendToken.text).toBe(`environment WORKER_AUTH_TOKEN_FILE (${path})`)
})

test('systemd’s credentials come after the environment and before the file', () => {
  put('WORKER_AUTH_TOKEN', 'hush-credential')
  const rc = put('rc.yaml', 'backend: {token: hush-file}')
  const systemd = { ...BACKEND, CREDENTIALS_DIRECTORY: dir() }
  expect(token(load(systemd, { configFile: rc }))).toBe('hush-credential')
  expect(token(load({ ...systemd, WORKER_AUTH_TOKEN: 'hush-env' }, { configFile: rc }))).toBe(
    'hush-env',
  )
  expect(load(systemd).origins.backendToken.kind).toBe('credential')
})

test('NAME and NAME_FILE together are refused', () => {
  const env = { ...BACKEND, WORKER_AUTH_TOKEN: 'hush', WORKER_AUTH_TOKEN_FILE: put('t', 'hush') }
  expect(refused(env).message).toContain('WORKER_AUTH_TOKEN_FILE are both set')
})

test('a secret file that is missing or empty is one clear problem', () => {
  const gone = refused({ ...BACKEND, WORKER_AUTH_TOKEN_FILE: join(dir(), 'gone') })
  expect(gone.problems).toHaveLength(1)
  expect(gone.message).toContain('its file cannot be read: ENOENT')
  const empty = refused({ ...BACKEND, WORKER_AUTH_TOKEN_FILE: put('empty', '\n') })
  expect(empty.problems).toHaveLength(1)
  expect(empty.message).toContain('must have at least 1 characters')
})

test('a secret that every user can read is a warning; behind a closed directory it is none', () => {
  const path = put('token', 'hush-token', 0o644)
  const rc = put('rc.yaml', 'minio: {endpoint: m, accessKey: hush-a, secretKey: hush-b}', 0o644)
  const env = { ...BACKEND, WORKER_AUTH_TOKEN_FILE: path, WA_GATEWAY_ALLOW_PLAINTEXT: 'true' }
  const both = () => load(env, { configFile: rc }).warnings
  expect(both()).toEqual([])
  chmodSync(dir(), 0o755)
  expect(both()).toEqual([
    `${rc} holds minio.accessKey and minio.secretKey and every user of this host can read it: chmod 600 ${rc}`,
    `${path} holds WORKER_AUTH_TOKEN and every user of this host can read it: chmod 600 ${path}`,
  ])
})
