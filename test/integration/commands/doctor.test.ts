import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wa } from '../../support/cli.ts'
import { startFakeDaemon } from '../../support/fake-daemon.ts'
import { startS3Stub, type S3Stub } from '../../support/s3-stub.ts'
import { StrictBackend } from '../../support/strict-backend.ts'

const KEY = Buffer.alloc(32, 'ab1').toString('base64')
const BUCKET = 'whatsapp-sessions'

interface Report {
  counts: Record<string, number>
  checks: { id: string; verdict: string; found: string; fix?: string }[]
}

let dir: string
let s3: S3Stub
let backend: StrictBackend
let env: Record<string, string>
const whatsapp = createServer((socket) => socket.destroy())

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wa-doctor-'))
  await mkdir(join(dir, 'state'), { mode: 0o700 })
  s3 = await startS3Stub({ buckets: [BUCKET] })
  backend = new StrictBackend('the-backend-token')
  await backend.up()
  whatsapp.listen(0, '127.0.0.1')
  await once(whatsapp, 'listening')
  env = {
    WA_GATEWAY_STATE_DIR: join(dir, 'state'),
    MINIO_ENDPOINT: s3.endpoint,
    MINIO_PORT: String(s3.port),
    MINIO_ACCESS_KEY: s3.accessKey,
    MINIO_SECRET_KEY: s3.secretKey,
    WA_GATEWAY_ENCRYPTION_KEY: KEY,
    BACKEND_URL: backend.url,
    WORKER_AUTH_TOKEN: backend.token,
    WORKER_ENDPOINT: 'http://worker.test:8080',
    WORKER_ID: 'worker-one',
    MAX_SESSIONS: '10',
    WA_GATEWAY_WHATSAPP_URL: `ws://127.0.0.1:${(whatsapp.address() as AddressInfo).port}/ws`,
  }
})
afterEach(async () => {
  await Promise.all([s3.close(), backend.down()])
  whatsapp.close()
  await rm(dir, { recursive: true, force: true })
})

async function examine(more: Record<string, string> = {}, ...args: string[]) {
  const { stdout, stderr, exitCode } = await wa(['doctor', '--json', ...args], { ...env, ...more })
  const report = JSON.parse(String(stdout)) as Report
  const verdicts = Object.fromEntries(report.checks.map(({ id, verdict }) => [id, verdict]))
  return { report, verdicts, stdout: String(stdout), stderr: String(stderr), exitCode }
}
const of = ({ checks }: Report, id: string) => checks.find((one) => one.id === id)

test('nothing is wrong: every check that can be made passes, and nothing is left behind', async () => {
  const { verdicts, exitCode, report, stdout } = await examine()
  expect(verdicts).toMatchObject({
    node: 'pass',
    configuration: 'pass',
    'state-directory': 'pass',
    store: 'pass',
    encryption: 'pass',
    'bucket-rules': 'pass',
    clock: 'pass',
    backend: 'pass',
    whatsapp: 'pass',
    'control-socket': 'warn',
    worker: 'skip',
  })
  expect(report.counts['fail']).toBe(0)
  expect(exitCode).toBe(0)
  expect([...s3.objects(BUCKET).keys()]).toEqual([])
  expect(await readdir(join(dir, 'state'))).toEqual([])
  for (const secret of [KEY, s3.secretKey, backend.token]) expect(stdout).not.toContain(secret)
})

test('each thing that is wrong is named with its fix, with 1', async () => {
  s3.setRules(BUCKET, {
    lifecycle:
      '<LifecycleConfiguration><Rule><ID>tidy</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>',
  })
  const wrong = { WORKER_AUTH_TOKEN: 'another', WA_GATEWAY_WHATSAPP_URL: 'ws://127.0.0.1:9/ws' }
  const { report, verdicts, exitCode } = await examine(wrong)
  expect(verdicts).toMatchObject({ 'bucket-rules': 'fail', backend: 'fail', whatsapp: 'fail' })
  expect(of(report, 'bucket-rules')).toMatchObject({
    found: expect.stringMatching(/rule 'tidy' deletes objects after 30 days/) as string,
    fix: expect.stringMatching(/mc ilm rule rm --id 'tidy'/) as string,
  })
  expect(of(report, 'backend')?.fix).toMatch(/WORKER_AUTH_TOKEN/)
  expect(exitCode).toBe(1)
  const denied = await examine({ MINIO_SECRET_KEY: 'wrong-secret-key' }, '--only', 'store')
  expect(denied.verdicts).toEqual({ store: 'fail' })
})

test('a store that is away is one failure, said once', async () => {
  const { report, verdicts } = await examine({ MINIO_PORT: '9' })
  expect(verdicts).toMatchObject({ store: 'fail', encryption: 'skip', 'bucket-rules': 'skip' })
  expect(of(report, 'store')?.found).toMatch(/^[^(]* does not answer \(ECONNREFUSED\)$/)
})

test('a wrong configuration ends with 78, and what needs none is looked at all the same', async () => {
  await using daemon = await startFakeDaemon()
  const { verdicts, exitCode } = await examine({
    LOG_LEVEL: 'loud',
    WA_GATEWAY_SOCKET: daemon.socketPath,
  })
  expect(exitCode).toBe(78)
  expect(verdicts).toMatchObject({ configuration: 'fail', store: 'skip', 'control-socket': 'pass' })
})

test('a daemon that runs is looked at too', async () => {
  await using daemon = await startFakeDaemon('9.9.9')
  const { report, verdicts } = await examine({ WA_GATEWAY_SOCKET: daemon.socketPath })
  expect(verdicts).toMatchObject({ worker: 'pass', sessions: 'warn', 'same-settings': 'warn' })
  expect(of(report, 'sessions')?.fix).toBe('run `wa-gateway status --why ben`')
  expect(of(report, 'same-settings')?.found).toMatch(/store 'folder \/srv\/objects'/)
})

test('a person gets a line for each, and what to do below it', async () => {
  const { stdout, exitCode } = await wa(['doctor', '--only', 'node', '--only', 'store'], {
    WA_GATEWAY_STATE_DIR: join(dir, 'state'),
  })
  expect(stdout).toBe(
    `pass  Node               ${process.versions.node}\nskip  Object store       its folder is not there yet; the daemon makes it\n\n1 passed, 0 warned, 0 failed, 1 skipped\n`,
  )
  expect(exitCode).toBe(0)
  expect((await wa(['doctor', '--only', 'rain'], {})).exitCode).toBe(2)
})
