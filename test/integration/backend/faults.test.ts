import { expect, test } from 'vitest'
import type { SessionStatusNotice } from '../../../src/backend/port.ts'
import { AT, connect, failure, METRICS } from './fixture.ts'

const notice = (status: SessionStatusNotice['status']): SessionStatusNotice => ({
  sessionId: 's1',
  status,
  at: AT,
  ...(status === 'QR_REQUIRED' ? { qrCode: 'qr' } : {}),
})

test('a rejected call is not repeated and keeps the server’s words', async () => {
  const { backend, service, waits } = await connect()
  backend.plan({ status: 400, message: 'maxSessions too high' })
  expect(await failure(service.register())).toMatchObject({
    code: 'backend.rejected',
    retryable: false,
    status: 400,
    message: 'the backend answered 400 to register: maxSessions too high',
  })
  expect(backend.calls).toHaveLength(1)
  expect(waits).toEqual([])
  expect(service.health()).toEqual({
    kind: 'http',
    registered: false,
    lastError: {
      at: AT,
      call: 'register',
      message: 'the backend answered 400 to register: maxSessions too high',
    },
  })
})

test.each([{ status: 500 }, { status: 503 }, { status: 429 }, 'reset' as const])(
  '%j passes: the call is repeated with growing pauses',
  async (trouble) => {
    const { backend, service, waits } = await connect({ retryDelay: 100 })
    backend.plan(trouble, 2)
    await service.register()
    expect(backend.calls).toHaveLength(3)
    const [first = 0, second = 0] = waits
    expect(waits).toHaveLength(2)
    expect(first).toBeGreaterThanOrEqual(75)
    expect(first).toBeLessThanOrEqual(125)
    expect(second).toBeGreaterThanOrEqual(150)
    expect(second).toBeLessThanOrEqual(250)
  },
)

test('after four attempts the error says what was seen', async () => {
  const { backend, service, waits } = await connect()
  backend.plan({ status: 502, message: 'bad gateway' }, 10)
  expect(await failure(service.getAssignedSessions())).toMatchObject({
    code: 'backend.unreachable',
    retryable: true,
    status: 502,
    message: 'the backend answered 502 to assigned sessions: bad gateway',
  })
  expect(waits).toHaveLength(3)
})

test('a backend that is down, then up again', async () => {
  const { backend, service } = await connect()
  await service.register()
  await backend.down()
  expect(await failure(service.unregister())).toMatchObject({
    code: 'backend.unreachable',
    message: expect.stringContaining('ECONNREFUSED'),
  })
  expect(service.health()).toMatchObject({ registered: true, lastError: { call: 'unregister' } })
  await backend.up()
  await service.unregister()
  expect(backend.violations).toEqual([])
})

test('a silent backend is given up after the timeout', async () => {
  const { backend, service } = await connect({ timeout: 50 })
  backend.plan('hang', 4)
  expect(await failure(service.register())).toMatchObject({ code: 'backend.unreachable' })
  expect(backend.callsOf('register')).toHaveLength(4)
})

test('a heartbeat is never repeated: the next one says more', async () => {
  const { backend, service } = await connect()
  await service.register()
  backend.plan({ status: 500 })
  expect(await failure(service.heartbeat([], METRICS))).toMatchObject({ status: 500 })
  expect(backend.callsOf('heartbeat')).toHaveLength(1)
})

test('a page of something else is not taken for an answer', async () => {
  const { backend, service } = await connect()
  backend.plan('garbage')
  expect(await failure(service.register())).toMatchObject({
    code: 'backend.rejected',
    message: expect.stringContaining('not the JSON of the contract'),
  })
})

test('a list of another shape is an error, not an empty list', async () => {
  const { backend, service } = await connect()
  await service.register()
  Object.assign(backend, { assigned: [{ sessionId: { nested: true } }] })
  expect(await failure(service.getAssignedSessions())).toMatchObject({
    code: 'backend.rejected',
    message: expect.stringContaining('sessions.0.sessionId'),
  })
})

test('statuses of one session arrive in order although the first is slow', async () => {
  const { backend, service } = await connect({ timeout: 200 })
  backend.plan('hang')
  const order = ['INIT', 'RECONNECTING', 'CONNECTED'] as const
  const sent = await Promise.allSettled(order.map((s) => service.notifySessionStatus(notice(s))))
  expect(backend.taken('session-status')).toMatchObject([{ status: 'CONNECTED' }])
  expect(sent.map((result) => result.status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
})

test('while the backend answers, no status is left out', async () => {
  const { backend, service } = await connect()
  const order = ['INIT', 'QR_REQUIRED', 'RECONNECTING', 'CONNECTED'] as const
  await Promise.all(order.map((status) => service.notifySessionStatus(notice(status))))
  expect(backend.taken('session-status')).toMatchObject(order.map((status) => ({ status })))
})

test('a status that a newer one replaced is not repeated', async () => {
  let release = (): void => undefined
  const pause = new Promise<void>((resolve) => (release = resolve))
  const { backend, service } = await connect({ sleep: () => pause })
  backend.plan({ status: 500 })
  const older = failure(service.notifySessionStatus(notice('QR_REQUIRED')))
  const newer = service.notifySessionStatus(notice('CONNECTED'))
  release()
  expect(await older).toMatchObject({ code: 'backend.unreachable' })
  await newer
  expect(backend.taken('session-status')).toMatchObject([{ status: 'CONNECTED' }])
})

test('closing cuts a call that hangs, and one that waits for its next attempt', async () => {
  const { backend, service } = await connect({ sleep: undefined, retryDelay: 60_000 })
  backend.plan({ status: 500 }, 1, 'register')
  backend.plan('hang', 1, 'session-status')
  const waiting = failure(service.register())
  const hanging = failure(service.notifySessionStatus(notice('INIT')))
  while (backend.calls.length < 2) await new Promise((resolve) => setImmediate(resolve))
  await service.close()
  expect(await waiting).toMatchObject({ code: 'backend.unreachable' })
  expect(await hanging).toMatchObject({ code: 'backend.unreachable' })
  expect(await failure(service.unregister())).toMatchObject({ code: 'backend.unreachable' })
})
