import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BUCKET, openS3Stage } from '../support/s3-stage.ts'
import { startS3Stub } from '../support/s3-stub.ts'
import { openStage } from '../support/stage.ts'

test('host and store are lost; sessions come back from the second site', async () => {
  const stage = await openStage()
  const site = join(stage.dir, 'second-site')
  const gateway = await stage.startPaired()
  await stage.exchange('before')
  const cut = stage.run('backup', 'copy', '--to', `folder:${site}`)
  await gateway.stop('SIGKILL')
  await cut
  const again = await stage.startOnline()
  await stage.exchange('after')
  // A copy is of what is stored: what comes later is lost with the host.
  await again.eventually('everything to be stored', async () => {
    const { shipping } = await again.client.call('status', {})
    return shipping.lag.changes === 0 ? true : undefined
  })
  const copied = await stage.run('backup', 'copy', '--to', `folder:${site}`, '--json')
  expect([copied.status, copied.stderr]).toEqual([0, ''])
  await again.stop('SIGKILL')
  await stage.wipe()
  await rm(join(stage.dir, 'objects'), { recursive: true })
  await stage.startOnline({ WA_GATEWAY_STORAGE_DIR: site })
  await stage.exchange('from the second site')
  expect((await stage.run('backup', 'verify', '--all')).status).toBe(0)
  stage.expectNoHarm()
}, 180_000)

test('copies by itself; a second site that fails disturbs nobody, and one that is whole serves', async () => {
  const stage = await openStage({ sessions: 1 })
  const site = join(stage.dir, 'second-site')
  const to = { WA_GATEWAY_COPY_TO: `folder:${site}` }
  const often = { ...to, WA_GATEWAY_COPY_INTERVAL: '1000' }
  const copied = (what: string, since = 0) =>
    stage.gateway.eventually(what, async () => {
      const { copy } = await stage.gateway.client.call('status', {})
      return (copy?.completeAt ?? 0) > since ? copy : undefined
    })
  await writeFile(site, 'not a folder')
  const first = await stage.startPaired(often)
  const trouble = await first.eventually('a copy to fail', async () => {
    const { copy } = await first.client.call('status', {})
    return copy?.trouble
  })
  expect(trouble).toMatchObject({ outcome: 'failed' })
  await stage.exchange('while the second site fails')
  expect(first.output).toContain('the copy to the second site failed')
  await rm(site)
  await copied('a copy')
  await first.stop()
  const begun = Date.now()
  // One that copies seldom knows from before its start how old the copy is.
  const seldom = await stage.startOnline(to)
  const { copy } = await seldom.client.call('status', {})
  expect(copy?.completeAt).toBeLessThan(begun)
  await seldom.stop()
  const last = await stage.startOnline(often)
  await stage.exchange('before the loss')
  await last.eventually('everything to be stored', async () => {
    const { shipping } = await last.client.call('status', {})
    return shipping.lag.changes === 0 ? true : undefined
  })
  expect(await copied('a copy of everything', Date.now())).not.toHaveProperty('trouble')
  expect((await stage.run('status')).stdout).toMatch(/copy +folder:.*second-site, complete/)
  await last.stop('SIGKILL')
  await stage.wipe()
  await rm(join(stage.dir, 'objects'), { recursive: true })
  await stage.startOnline({ WA_GATEWAY_STORAGE_DIR: site })
  await stage.exchange('from the second site')
  stage.expectNoHarm()
}, 180_000)

test('between two S3 servers, each with credentials of its own: cut short by a kill, and back', async () => {
  const { stage, s3: first } = await openS3Stage(1)
  const secretKey = 'the-secret-of-the-second-site'
  const second = await startS3Stub({ buckets: ['copies'], accessKey: 'second-site', secretKey })
  onTestFinished(() => second.close())
  const reach = {
    WA_GATEWAY_COPY_ENDPOINT: second.endpoint,
    WA_GATEWAY_COPY_PORT: String(second.port),
    WA_GATEWAY_COPY_USE_SSL: 'false',
    WA_GATEWAY_COPY_ACCESS_KEY: second.accessKey,
  }
  const credentials = { ...reach, WA_GATEWAY_COPY_SECRET_KEY: secretKey }
  const wrong = { ...reach, WA_GATEWAY_COPY_SECRET_KEY: `not ${secretKey}` }
  const refusing = await stage.startPaired({ ...wrong, WA_GATEWAY_COPY_TO: 's3://copies' })
  await refusing.eventually('the copy to be refused', async () => {
    const { copy } = await refusing.client.call('status', {})
    return copy?.trouble?.detail?.includes('refused the credentials') === true ? true : undefined
  })
  const denied = await stage.run('backup', 'copy', '--to', 's3://copies')
  expect([denied.status, denied.stderr]).toEqual([
    4,
    expect.stringContaining('WA_GATEWAY_COPY_SECRET_KEY'),
  ])
  await stage.exchange('while the second site refuses')
  await refusing.stop()
  const gateway = await stage.startOnline(credentials)
  second.faults.inject({ on: 'put', name: /owner$/, times: 1, fault: { kind: 'hang' } })
  const cut = stage.run('backup', 'copy', '--to', 's3://copies/blue')
  await gateway.eventually('the copy to be on its last object', () =>
    Promise.resolve(second.count('put', /owner$/) > 0 ? true : undefined),
  )
  await gateway.stop('SIGKILL')
  await cut
  await stage.startOnline(credentials)
  const again = await stage.run('backup', 'copy', '--to', 's3://copies/blue', '--prune', '--json')
  expect([again.status, again.stderr]).toEqual([0, ''])
  await stage.gateway.stop()
  const lastly = await stage.start({ ...credentials, SESSION_RECOVERY_ENABLED: 'false' })
  expect((await stage.run('backup', 'copy', '--to', 's3://copies/blue')).status).toBe(0)
  await lastly.stop('SIGKILL')
  await stage.wipe()
  first.objects(BUCKET).clear()
  // A daemon makes the new store its own, and what was lost comes back into it.
  await stage.start(credentials)
  expect((await stage.run('backup', 'copy', '--from', 's3://copies/blue')).status).toBe(0)
  // A worker without a disk of its own looks for its sessions when it starts.
  await stage.gateway.stop()
  await stage.startOnline(credentials)
  await stage.exchange('from the second site')
  stage.expectNoHarm()
  expect(stage.output).not.toContain(secretKey)
}, 180_000)
