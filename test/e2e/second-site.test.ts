import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
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
