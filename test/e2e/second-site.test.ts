import { rm } from 'node:fs/promises'
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
