import { expect, test } from 'vitest'
import { openS3Stage } from '../support/s3-stage.ts'
import { openStage } from '../support/stage.ts'

test('a stop that preserves nothing is clean; the disk serves, and without it what was stored', async () => {
  const stage = await openStage({
    env: { SESSION_PRESERVE_ON_SHUTDOWN: 'false' },
  })
  const { objects } = stage
  const stored = () => Promise.all(stage.ids.map((id) => objects.snapshots(id)))
  await stage.startPaired()
  await stage.exchange('before')
  const snapshots = await stored()
  expect(await stage.gateway.stop()).toBe(0)
  expect(await stored()).toEqual(snapshots)

  await stage.startOnline()
  for (const id of stage.ids) expect((await stage.view(id)).session.seq).toBeGreaterThan(0)
  await stage.exchange('after a warm start')
  await stage.gateway.eventually('everything to be stored', async () => {
    const { shipping } = await stage.gateway.client.call('status', {})
    return shipping.lag.changes === 0 ? true : undefined
  })
  expect(await stage.gateway.stop()).toBe(0)
  expect(await stored()).toEqual(snapshots)
  stage.expectNoHarm()

  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after the wipe')
  stage.expectNoHarm()
}, 120_000)

test('a store that hangs does not hold the stop up; what it has not got is named and on the disk', async () => {
  const { stage, s3 } = await openS3Stage(2, {
    GRACEFUL_SHUTDOWN_TIMEOUT: '3000',
  })
  await stage.startPaired()
  await stage.exchange('before')
  s3.faults.inject({ fault: { kind: 'hang' } })
  expect(await stage.gateway.stop(), stage.gateway.output).toBe(3)
  const late = stage.gateway.output
    .split('\n')
    .filter((line) => line.includes('not preserved within'))
  for (const id of stage.ids) expect(late.some((line) => line.includes(id))).toBe(true)

  s3.faults.clear()
  const downloads = s3.count('get', /\/\d+\/\d+$/)
  await stage.startOnline()
  expect(s3.count('get', /\/\d+\/\d+$/)).toBe(downloads)
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)

test('a second signal ends a stop that waits', async () => {
  const { stage, s3 } = await openS3Stage(2, {
    LOG_LEVEL: 'info',
    // Longer than the test may take.
    GRACEFUL_SHUTDOWN_TIMEOUT: '600000',
  })
  const gateway = await stage.startPaired()
  await stage.exchange('before')
  s3.faults.inject({ fault: { kind: 'hang' } })
  gateway.child.kill('SIGTERM')
  await gateway.eventually('the stop to begin', async () =>
    gateway.output.includes('a second signal ends it') ? true : undefined,
  )
  gateway.child.kill('SIGTERM')
  expect(await gateway.end()).toBe(130)
  s3.faults.clear()
  await stage.startOnline()
  await stage.exchange('after')
  stage.expectNoHarm()
}, 120_000)
