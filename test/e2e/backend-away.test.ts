import { expect, test } from 'vitest'
import { eventually } from '../support/gateway.ts'
import { openStage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'

test('sessions are recovered from memory while the backend is away, and it is told when it is back', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({
    env: {
      ...env,
      BACKEND_HEARTBEAT_INTERVAL: '200',
    },
  })
  await stage.startPaired()
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId, userId: `user-of-${sessionId}` }))
  expect(await stage.gateway.stop()).toBe(0)
  // The worker learns from the backend whose they are, and remembers it.
  await stage.startOnline()
  expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
  await backend.down()
  backend.forgetWorkers()
  const before = backend.calls.length

  const gateway = stage.spawn()
  await gateway.untilOnline(stage.ids)
  await stage.exchange('without a backend')
  const status = await gateway.client.call('status', {})
  expect(status.backend).toMatchObject({ kind: 'http', registered: false })
  expect(status.sessions.map((session) => session.userId)).toEqual(
    stage.ids.map((id) => `user-of-${id}`),
  )
  expect(backend.calls).toHaveLength(before)

  await backend.up()
  const since = (name: string) => backend.calls.slice(before).filter((call) => call.name === name)
  await eventually('the registration', () => since('register').find((call) => call.status === 200))
  const report = await eventually('the report', () =>
    since('recovery-status').find((call) => call.status === 200),
  )
  expect(report.body).toMatchObject({ totalSessions: stage.ids.length, failedRecoveries: 0 })
  const beat = await eventually('a heartbeat', () =>
    since('heartbeat').find((call) => call.status === 200),
  )
  expect(beat.body).toMatchObject({
    sessions: stage.ids.map((sessionId) => ({ sessionId, status: 'CONNECTED' })),
  })
  expect(await gateway.stop()).toBe(0)
  expect(since('sessions-preserved').at(-1)?.status).toBe(200)
  expect(since('unregister').at(-1)?.status).toBe(200)
  expect(backend.violations).toEqual([])
  stage.expectNoHarm()
  expect(stage.output).not.toContain(backend.token)
}, 120_000)
