import { expect, test } from 'vitest'
import { openStage } from '../support/stage.ts'

test('no stop unlinks; logout and remove do, and a removed id can be paired again', async () => {
  const stage = await openStage()
  const { objects } = stage
  const [left = '', removed = ''] = stage.ids
  await stage.startPaired()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    await stage.gateway.stop(signal)
    await stage.startOnline()
  }
  const paused = await stage.run('session', 'pause', left)
  expect(paused.status).toBe(0)
  expect((await stage.run('session', 'resume', left)).status).toBe(0)
  await stage.gateway.untilOnline(stage.ids)
  stage.expectNoHarm()

  expect((await stage.run('session', 'logout', left, `--confirm=${left}`)).status).toBe(0)
  expect(stage.simulator.devices(stage.phoneOf(left))).toEqual([])
  expect((await stage.view(left)).backups).toBeGreaterThan(0)
  stage.expectNoHarm({ unlinks: 1 })

  expect((await stage.run('session', 'remove', removed, `--confirm=${removed}`)).status).toBe(0)
  expect(stage.simulator.devices(stage.phoneOf(removed))).toEqual([])
  expect(await objects.snapshots(removed)).toEqual([])
  expect((await stage.run('session', 'show', removed)).status).toBe(5)
  stage.expectNoHarm({ unlinks: 2 })

  // Neither comes back by itself.
  expect(await stage.gateway.stop()).toBe(0)
  await stage.start()
  expect((await stage.view(left)).session.state).toBe('needs-pairing')
  expect((await stage.run('session', 'show', removed)).status).toBe(5)

  await stage.pair(left)
  await stage.pair(removed)
  await stage.gateway.untilOnline(stage.ids)
  await stage.exchange('paired again')
  expect((await stage.view(removed)).owner?.epoch).toBeGreaterThan(1)
  expect(await stage.gateway.stop()).toBe(0)
  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after the wipe')
  stage.expectNoHarm({ pairings: 4, unlinks: 2 })
}, 120_000)
