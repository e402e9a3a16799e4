import { expect, test } from 'vitest'
import { AT, connect, failure, METRICS } from './fixture.ts'

test('a rejected call is not repeated and keeps the server’s words', async () => {
  const { backend, client, waits } = await connect()
  backend.plan({ status: 400, message: 'maxSessions too high' })
  expect(await failure(client.register())).toMatchObject({
    code: 'backend.rejected',
    retryable: false,
    status: 400,
    message: 'the backend answered 400 to register: maxSessions too high',
  })
  expect(backend.calls).toHaveLength(1)
  expect(waits).toEqual([])
  expect(client.health()).toEqual({
    kind: 'http',
    registered: false,
    // It answered, so it is there.
    reach: 'up',
    reachSince: AT,
    lastError: {
      at: AT,
      call: 'register',
      message: 'the backend answered 400 to register: maxSessions too high',
    },
  })
})

test.each([{ status: 500 }, { status: 503 }, { status: 429 }, 'reset' as const])(
  '%j passes: the call is repeated once after a pause',
  async (trouble) => {
    const { backend, client, waits } = await connect({ retryDelay: 100 })
    backend.plan(trouble)
    await client.register()
    expect(backend.calls).toHaveLength(2)
    const [first = 0] = waits
    expect(waits).toHaveLength(1)
    expect(first).toBeGreaterThanOrEqual(75)
    expect(first).toBeLessThanOrEqual(125)
  },
)

test('after the second attempt the error says what was seen', async () => {
  const { backend, client, waits } = await connect()
  backend.plan({ status: 502, message: 'bad gateway' }, 10)
  expect(await failure(client.getAssignedSessions())).toMatchObject({
    code: 'backend.unreachable',
    retryable: true,
    status: 502,
    message: 'the backend answered 502 to assigned sessions: bad gateway',
  })
  expect(waits).toHaveLength(1)
})

test('a backend that is down, then up again', async () => {
  const { backend, client } = await connect()
  await client.register()
  await backend.down()
  expect(await failure(client.unregister())).toMatchObject({
    code: 'backend.unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  expect(client.health()).toMatchObject({ registered: true, lastError: { call: 'unregister' } })
  await backend.up()
  await client.unregister()
  expect(backend.violations).toEqual([])
})

test('a silent backend is given up after the timeout', async () => {
  const { backend, client } = await connect({ timeout: 50 })
  backend.plan('hang', 2)
  expect(await failure(client.register())).toMatchObject({ code: 'backend.unreachable' })
  expect(backend.callsOf('register')).toHaveLength(2)
})

test('a heartbeat is never repeated: the next one says more', async () => {
  const { backend, client } = await connect()
  await client.register()
  backend.plan({ status: 500 })
  expect(await failure(client.heartbeat([], METRICS))).toMatchObject({ status: 500 })
  expect(backend.callsOf('heartbeat')).toHaveLength(1)
})

test('a page of something else is not taken for an answer', async () => {
  const { backend, client } = await connect()
  backend.plan('garbage')
  expect(await failure(client.register())).toMatchObject({
    code: 'backend.rejected',
    message: expect.stringContaining('not the JSON of the contract'),
  })
})

test('a list of another shape is an error, not an empty list', async () => {
  const { backend, client } = await connect()
  await client.register()
  Object.assign(backend, { assigned: [{ sessionId: { nested: true } }] })
  expect(await failure(client.getAssignedSessions())).toMatchObject({
    code: 'backend.rejected',
    message: expect.stringContaining('sessions.0.sessionId'),
  })
})

test('closing cuts a call that hangs, and one that waits for its next attempt', async () => {
  const { backend, client } = await connect({ sleep: undefined, retryDelay: 60_000 })
  backend.plan({ status: 500 }, 1, 'register')
  backend.plan('hang', 1, 'session-status')
  const waiting = failure(client.register())
  const hanging = failure(client.deliver({ call: 'session status', body: { status: 'INIT' } }))
  while (backend.calls.length < 2) await new Promise((resolve) => setImmediate(resolve))
  await client.close()
  expect(await waiting).toMatchObject({ code: 'backend.unreachable' })
  expect(await hanging).toMatchObject({ code: 'backend.unreachable' })
  expect(await failure(client.unregister())).toMatchObject({ code: 'backend.unreachable' })
})
