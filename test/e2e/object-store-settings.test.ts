import { expect, onTestFinished, test } from 'vitest'
import type { Environment } from '../support/gateway.ts'
import { startS3Stub, type S3Stub } from '../support/s3-stub.ts'
import { openStage } from '../support/stage.ts'

const BUCKET = 'whatsapp-sessions'

async function stub(port = 0): Promise<S3Stub> {
  const started = await startS3Stub({ buckets: [BUCKET], port })
  onTestFinished(() => started.close())
  return started
}

const settings = ({ endpoint, port, accessKey, secretKey }: S3Stub): Environment => ({
  MINIO_ENDPOINT: endpoint,
  MINIO_PORT: String(port),
  MINIO_ACCESS_KEY: accessKey,
  MINIO_SECRET_KEY: secretKey,
})

test.each<[string, Environment, number, string[]]>([
  [
    'a wrong secret',
    { MINIO_SECRET_KEY: 'not-the-secret-of-the-stub' },
    4,
    ['MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY', 'refused the credentials'],
  ],
  [
    'an unknown access key',
    { MINIO_ACCESS_KEY: 'somebody-else' },
    4,
    ['MINIO_ACCESS_KEY', 'MINIO_SECRET_KEY'],
  ],
  [
    'an unknown bucket',
    { MINIO_BUCKET: 'whatsapp-sesions' },
    1,
    ["no bucket 'whatsapp-sesions'", 'MINIO_BUCKET', 'mc mb'],
  ],
])(
  '%s ends the start and names the settings',
  async (_, wrong, status, words) => {
    const s3 = await stub()
    const token = 'a-token-for-the-http-api'
    const stage = await openStage({
      env: {
        ...settings(s3),
        WA_GATEWAY_HTTP: '127.0.0.1:0',
        WA_GATEWAY_HTTP_TOKEN: token,
        LOG_LEVEL: 'trace',
        ...wrong,
      },
    })
    const gateway = stage.spawn()
    expect(await gateway.end(), gateway.output).toBe(status)
    for (const word of words) expect(gateway.output).toContain(word)
    for (const secret of [s3.secretKey, wrong['MINIO_SECRET_KEY'] ?? s3.secretKey, token])
      expect(gateway.output).not.toContain(secret)
    expect(s3.objects(BUCKET).size).toBe(0)
  },
  120_000,
)

test('a store that is away at the start is waited for', async () => {
  const s3 = await stub()
  const { port } = s3
  const stage = await openStage({ env: settings(s3) })
  await stage.startPaired()
  await stage.exchange('before')
  expect(await stage.gateway.stop()).toBe(0)
  const objects = new Map(s3.objects(BUCKET))
  await s3.close()

  const gateway = stage.spawn()
  const away = await gateway.eventually('the store to be known as away', async () => {
    const { store, ready } = await gateway.client.call('status', {})
    return !store.healthy && store.detail !== 'not asked yet' ? { store, ready } : undefined
  })
  expect(away.ready).toBe(false)
  expect(away.store.detail).toContain(`127.0.0.1:${port}`)
  const status = await stage.run('status')
  expect(status.stdout).toContain(`127.0.0.1:${port}`)
  expect(status.stdout).toMatch(/store.*(away|does not answer|ECONNREFUSED)/i)

  const back = await stub(port)
  for (const [name, object] of objects) back.objects(BUCKET).set(name, object)
  await gateway.untilOnline(stage.ids)
  await gateway.untilRunning()
  expect((await gateway.client.call('status', {})).store.healthy).toBe(true)
  await stage.exchange('after')
  stage.expectNoHarm()
  expect(stage.output).not.toContain(s3.secretKey)
}, 120_000)

test('a store that goes away while sessions run costs nothing', async () => {
  const s3 = await stub()
  const stage = await openStage({ env: { ...settings(s3), WA_GATEWAY_SNAPSHOT_INTERVAL: '200' } })
  await stage.startPaired()
  s3.faults.inject({ fault: { kind: 'status', status: 503 } })
  await stage.exchange('without the store')
  s3.faults.clear()
  expect((await stage.run('backup', 'create', '--all')).status).toBe(0)
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
