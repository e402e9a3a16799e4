import { expect, test } from 'vitest'
import { KillLoop, NO_HARM } from '../support/kill-loop.ts'
import { seeded } from '../support/random.ts'
import { openS3Stage } from '../support/s3-stage.ts'

const LIMIT = 200_000

test('with the store away for long sessions stop reading, lose nothing, and catch up', async () => {
  const { stage, s3 } = await openS3Stage(2, { WA_GATEWAY_BACKLOG_LIMIT: String(LIMIT) })
  const { port } = s3
  const loop = new KillLoop(stage, seeded(1))
  const shipping = async () => (await stage.gateway.client.call('status', {})).shipping
  await stage.startPaired()
  await stage.exchange('before')
  await loop.kill()
  await loop.revive()
  await loop.untilStored()

  await s3.close()
  await stage.gateway.eventually('the backlog to be too long', async () => {
    for (let n = 0; n < 10; n++) for (const id of stage.ids) await loop.write(id)
    return (await shipping()).paused ? true : undefined
  })
  expect((await shipping()).lag.bytes).toBeGreaterThan(LIMIT)
  // What was read before is settled first; then what comes waits at WhatsApp.
  const waiting = () => stage.simulator.report().inbound.waiting
  await stage.gateway.eventually('WhatsApp to keep what is written', async () => {
    const before = waiting()
    for (const id of stage.ids) await loop.write(id)
    await shipping()
    return waiting() === before + stage.ids.length ? true : undefined
  })

  await s3.listen(port)
  await loop.untilNothingWaits()
  await loop.untilStored()
  await stage.gateway.eventually('reading to go on', async () =>
    (await shipping()).paused ? undefined : true,
  )
  expect(waiting()).toBe(0)
  expect(loop.harm()).toEqual(NO_HARM)
  await loop.kill()
  await stage.wipe()
  await stage.startOnline()
  await stage.exchange('after')
  expect(loop.harm()).toEqual(NO_HARM)
}, 180_000)
