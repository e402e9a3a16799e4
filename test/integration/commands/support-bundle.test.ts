import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wa } from '../../support/cli.ts'
import { startFakeDaemon } from '../../support/fake-daemon.ts'

const SECRETS = {
  WA_GATEWAY_HTTP: '127.0.0.1:0',
  WA_GATEWAY_HTTP_TOKEN: 'the-token-of-the-http-api',
  WA_GATEWAY_ENCRYPTION_KEY: Buffer.alloc(32, 'xyz').toString('base64'),
}

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-bundle-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** Makes a bundle with the real program and unpacks it with the system's tar. */
async function bundle(socket: string) {
  const env = { WA_GATEWAY_STATE_DIR: dir, WA_GATEWAY_SOCKET: socket, ...SECRETS }
  const file = join(dir, 'bundle.tar.gz')
  const made = await wa(['support-bundle', '--output', file, '--json'], env)
  expect([made.exitCode, made.stderr]).toEqual([0, ''])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await execa('tar', ['-xzf', file, '-C', dir])
  const { files } = JSON.parse(String(made.stdout)) as { files: string[] }
  const texts = await Promise.all(files.map(async (name) => readFile(join(dir, name), 'utf8')))
  return { env, file, texts: Object.fromEntries(files.map((name, n) => [name, texts[n] ?? ''])) }
}

test('it has all that helps, and neither secrets nor who people are', async () => {
  await using daemon = await startFakeDaemon()
  const { texts } = await bundle(daemon.socketPath)
  const all = Object.values(texts).join('\n')
  expect(Object.keys(texts)).toEqual([
    'versions.json',
    'config.json',
    'doctor.json',
    'status.json',
    'recoveries.json',
    'backups.json',
    'log.ndjson',
  ])
  expect(JSON.parse(texts['status.json'] ?? '')).toMatchObject({
    worker: 'worker-one',
    sessions: [{ id: 'anna', phone: '…567', name: '[left out]' }, { id: 'ben' }],
  })
  expect(texts['config.json']).toMatch(/WA_GATEWAY_HTTP_TOKEN/)
  expect(texts['log.ndjson']?.trim().split('\n')).toHaveLength(2)
  const secrets = [SECRETS.WA_GATEWAY_HTTP_TOKEN, SECRETS.WA_GATEWAY_ENCRYPTION_KEY]
  for (const hidden of [...secrets, '491701234567', 'Anna']) expect(all).not.toContain(hidden)
})

test('without a daemon its parts say why; a file that is there is left alone', async () => {
  const { texts, env, file } = await bundle(join(dir, 'none.sock'))
  expect(JSON.parse(texts['status.json'] ?? '')).toMatchObject({
    error: { code: 'daemon.unreachable' },
  })
  expect(texts['log.ndjson']).toMatch(/daemon\.unreachable/)
  const again = await wa(['support-bundle', '--output', file], env)
  expect(again.exitCode).toBe(2)
  expect(again.stderr).toMatch(/left alone\ntry: name a new file/)
})
