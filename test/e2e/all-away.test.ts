import { expect, test } from 'vitest'
import type { S3Stub } from '../support/s3-stub.ts'
import { openS3Stage } from '../support/s3-stage.ts'
import type { Stage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'
import type { StrictBackend } from '../support/strict-backend.ts'

const SESSIONS = 5
const RATE = 20

/** What a worker needs from others, each of which can go away and come back. */
interface World {
  stage: Stage
  s3: S3Stub
  backend: StrictBackend
}

async function openWorld(): Promise<World> {
  const { backend, env } = await openBackend()
  const { stage, s3 } = await openS3Stage(SESSIONS, {
    ...env,
    BACKEND_HEARTBEAT_INTERVAL: '1000',
    SESSION_RECOVERY_RETRY_DELAY: '500',
    WA_GATEWAY_LOGIN_RATE: String(RATE),
  })
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId }))
  await stage.startPaired()
  await stage.exchange('before')
  return { stage, s3, backend }
}

async function takeAllAway({ stage, s3, backend }: World): Promise<void> {
  s3.faults.inject({ fault: { kind: 'reset' } })
  await backend.down()
  await stage.simulator.inject({ kind: 'refuse' })
}

const BACK = {
  store: async ({ s3 }: World) => s3.faults.clear(),
  backend: async ({ backend }: World) => backend.up(),
  whatsapp: async ({ stage }: World) => stage.simulator.clearFaults(),
}

/** Everybody is there, nothing was lost, nobody was hammered, and the backend knows. */
async function expectWhole({ stage, backend }: World): Promise<void> {
  const { gateway } = stage
  await gateway.untilOnline(stage.ids)
  await stage.exchange('after')
  await gateway.eventually('the store to have all', async () => {
    const { shipping, store } = await gateway.client.call('status', {})
    return store.healthy && shipping.lag.changes === 0 ? true : undefined
  })
  await gateway.eventually('the backend to be told', async () => {
    const { outbox, reach } = (await gateway.client.call('status', {})).backend
    return reach === 'up' && (outbox?.waiting ?? 0) === 0 ? true : undefined
  })
  expect(backend.violations).toEqual([])
  expect(stage.peakLogins()).toBeLessThanOrEqual(RATE + SESSIONS)
  stage.expectNoHarm()
}

test.each<[keyof typeof BACK, keyof typeof BACK, keyof typeof BACK]>([
  ['store', 'backend', 'whatsapp'],
  ['whatsapp', 'backend', 'store'],
])(
  'all three are away at the start and come back: %s, %s, %s',
  async (...order) => {
    const world = await openWorld()
    const { stage } = world
    expect(await stage.gateway.stop()).toBe(0)
    await takeAllAway(world)
    const gateway = stage.spawn()
    await gateway.eventually('the store to be known as away', async () => {
      const { store } = await gateway.client.call('status', {})
      return !store.healthy && store.detail !== 'not asked yet' ? true : undefined
    })
    for (const end of order) await BACK[end](world)
    await expectWhole(world)
  },
  180_000,
)

test('all three die while sessions run, and come back', async () => {
  const world = await openWorld()
  const { stage } = world
  await takeAllAway(world)
  await stage.simulator.inject({ kind: 'drop', when: 'now' })
  await stage.gateway.eventually('everybody to be offline', async () => {
    const { sessions } = await stage.gateway.client.call('session.list', {})
    return sessions.every(({ state }) => state !== 'online') ? true : undefined
  })
  for (const end of ['whatsapp', 'store', 'backend'] as const) await BACK[end](world)
  await expectWhole(world)
  expect(await stage.gateway.stop()).toBe(0)
}, 180_000)
