import { expect, test } from 'vitest'
import { AT, connect, failure, ISO, METRICS, serve, WORKER } from './fixture.ts'

test('register says who the worker is, and learns whether there is something to recover', async () => {
  const { backend, client } = await connect()
  backend.assigned = [{ sessionId: 's1' }, { sessionId: 's2' }]
  expect(client.health()).toMatchObject({ kind: 'http', registered: false, reach: 'unknown' })
  expect(await client.register()).toEqual({ recoveryRequired: true, assignedSessionCount: 2 })
  expect(backend.calls).toEqual([
    {
      name: 'register',
      method: 'POST',
      path: '/api/v1/workers/register',
      body: WORKER,
      status: 200,
    },
  ])
  expect(client.health()).toEqual({
    kind: 'http',
    registered: true,
    reach: 'up',
    reachSince: AT,
    lastSuccessAt: AT,
  })
})

test('a long description is cut and a pre-release version is told as x.y.z', async () => {
  const worker = { ...WORKER, description: 'd'.repeat(300), version: '1.2.3-rc.4+build' }
  const { backend, client } = await connect({ worker })
  await client.register()
  expect(backend.violations).toEqual([])
  expect(backend.taken('register')).toMatchObject([
    { description: 'd'.repeat(255), version: '1.2.3' },
  ])
})

test('heartbeat sends every status as the contract has it, phones as E.164 or not at all', async () => {
  const { backend, client } = await connect()
  await client.register()
  await client.heartbeat(
    [
      { sessionId: 's1', status: 'CONNECTED', phone: '491701234567', lastActivity: AT },
      { sessionId: 's2', status: 'QR_REQUIRED', lastActivity: AT },
      { sessionId: 's3', status: 'ERROR', phone: '0', lastActivity: AT },
    ],
    { ...METRICS, cpuUsage: 300, memoryUsage: -1 },
  )
  expect(backend.violations).toEqual([])
  expect(backend.callsOf('heartbeat')[0]?.path).toBe('/api/v1/workers/worker-1/heartbeat')
  expect(backend.taken('heartbeat')).toEqual([
    {
      sessions: [
        { sessionId: 's1', status: 'CONNECTED', phoneNumber: '+491701234567', lastActivity: ISO },
        { sessionId: 's2', status: 'QR_REQUIRED', lastActivity: ISO },
        { sessionId: 's3', status: 'ERROR', lastActivity: ISO },
      ],
      metrics: { ...METRICS, cpuUsage: 100, memoryUsage: 0 },
    },
  ])
})

test.each([false, true])('assigned sessions, with the older id: %s', async (olderIds) => {
  const warnings: string[] = []
  const { backend, client } = await connect({ onWarning: (words) => warnings.push(words) })
  await client.register()
  backend.olderIds = olderIds
  backend.assigned = [
    { sessionId: 's1', userId: 'u1', status: 'CONNECTED', name: 'A', phoneNumber: '+49 170 1' },
    { sessionId: 's2', userId: 'u2', status: 'INIT', name: null, phoneNumber: null },
    { sessionId: '../etc' },
    { sessionId: 's1', userId: 'again' },
  ]
  expect(await client.getAssignedSessions()).toEqual([
    { sessionId: 's1', userId: 'u1', status: 'CONNECTED', name: 'A', phone: '491701' },
    { sessionId: 's2', userId: 'u2', status: 'INIT' },
  ])
  expect(warnings).toEqual([expect.stringContaining("'../etc'")])
  expect(backend.violations).toEqual([])
})

test('the recovery report has its counters at the top and a reason for what did not recover', async () => {
  const { backend, service } = await serve()
  await service.register()
  const rest = { attempts: 1, durations: { total: 1 } }
  await service.reportRecoveryStatus([
    { sessionId: 's1', outcome: 'recovered', route: 'cold', recoveredAt: AT, ...rest },
    { sessionId: 's2', outcome: 'failed', cause: 'timeout', detail: 'after 30 s', ...rest },
    { sessionId: 's3', outcome: 'failed', cause: 'logged-out', ...rest },
    { sessionId: 's4', outcome: 'skipped', detail: 'paused', ...rest },
  ])
  await service.drain()
  expect(backend.violations).toEqual([])
  expect(backend.taken('recovery-status')).toEqual([
    {
      recoveryResults: [
        { sessionId: 's1', status: 'SUCCESS', recoveredAt: ISO },
        { sessionId: 's2', status: 'FAILED', error: 'after 30 s' },
        { sessionId: 's3', status: 'FAILED', error: 'the phone unlinked this device' },
        { sessionId: 's4', status: 'SKIPPED', error: 'paused' },
      ],
      totalSessions: 4,
      successfulRecoveries: 1,
      failedRecoveries: 2,
    },
  ])
})

test('only what the object store holds is called preserved', async () => {
  const { backend, service } = await serve()
  await service.register()
  const notice = { status: 'DISCONNECTED', preservedAt: AT } as const
  await service.notifySessionsPreserved([
    { sessionId: 's1', stored: true, userId: 'u1', phone: '491701', ...notice },
    { sessionId: 's2', stored: false, detail: 'the store is away', ...notice },
    { sessionId: 's3', stored: true, ...notice },
  ])
  await service.notifySessionsPreserved([{ sessionId: 's2', stored: false, ...notice }])
  await service.drain()
  expect(backend.violations).toEqual([])
  const common = { status: 'DISCONNECTED', preservedAt: ISO }
  expect(backend.taken('sessions-preserved')).toEqual([
    {
      workerId: 'worker-1',
      preservedSessions: [
        { sessionId: 's1', userId: 'u1', phoneNumber: '+491701', ...common },
        { sessionId: 's3', ...common },
      ],
      timestamp: ISO,
    },
  ])
})

test('a status carries only what belongs to it', async () => {
  const { backend, service } = await serve()
  const more = { at: AT, phone: '491701', displayName: 'A', qrCode: 'qr', expiresAt: AT + 1 }
  for (const status of ['QR_REQUIRED', 'CONNECTED', 'RECONNECTING', 'DISCONNECTED'] as const) {
    await service.notifySessionStatus({ sessionId: 's1', status, ...more })
    await service.drain()
  }
  await service.notifySessionStatus({
    sessionId: 's1',
    status: 'CONNECTED',
    at: AT,
    displayName: '',
  })
  await service.drain()
  expect(backend.violations).toEqual([])
  const common = { sessionId: 's1', timestamp: ISO }
  expect(backend.taken('session-status')).toEqual([
    { ...common, status: 'QR_REQUIRED', qrCode: 'qr' },
    { ...common, status: 'CONNECTED', phoneNumber: '+491701', displayName: 'A' },
    { ...common, status: 'RECONNECTING' },
    { ...common, status: 'DISCONNECTED' },
    { ...common, status: 'CONNECTED' },
  ])
})

test('unregister names the worker and its endpoint', async () => {
  const { backend, client } = await connect()
  await client.register()
  await client.unregister()
  expect(backend.taken('unregister')).toEqual([
    { workerId: WORKER.workerId, endpoint: WORKER.endpoint },
  ])
  expect(backend.workers.size).toBe(0)
  expect(client.health().registered).toBe(false)
})

test('without registration of its own the worker neither registers nor unregisters', async () => {
  const { backend, client } = await connect({ registration: false })
  backend.workers.add('worker-1')
  expect(await client.register()).toMatchObject({ recoveryRequired: true })
  await client.unregister()
  expect(await client.getAssignedSessions()).toEqual([])
  expect(backend.calls.map((call) => call.name)).toEqual(['assigned'])
})

test('the strict backend refuses what the worker before this one sent', async () => {
  const { backend } = await connect()
  const send = (path: string, method: string, body: object) =>
    fetch(`${backend.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${backend.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  backend.workers.add('worker-1')
  const session = { sessionId: 's1', lastActivity: ISO }
  const answers = [
    await send('/workers/worker-1/heartbeat', 'PUT', {
      sessions: [{ ...session, status: 'LOGGED_OUT' }],
    }),
    await send('/workers/worker-1/heartbeat', 'PUT', {
      sessions: [{ ...session, status: 'INIT', phoneNumber: null }],
    }),
    await send('/workers/worker-1/sessions/recovery-status', 'POST', {
      recoveryResults: [],
      summary: { totalSessions: 0, successfulRecoveries: 0, failedRecoveries: 0 },
    }),
    await send('/workers/register', 'POST', { ...WORKER, version: '1.0' }),
    await send('/workers/register', 'POST', { ...WORKER, extra: 1 }),
  ]
  expect(answers.map((answer) => answer.status)).toEqual([400, 400, 400, 400, 400])
  expect(backend.violations).toHaveLength(5)
})

test('the wrong token is told as such, and is itself told to nobody', async () => {
  const { backend, client, waits } = await connect({ token: 'hush-wrong-token' })
  backend.plan({ status: 401, message: 'no such token: hush-wrong-token\n  at auth.js' })
  const error = await failure(client.register())
  expect(error).toMatchObject({
    code: 'backend.denied',
    exit: 4,
    status: 401,
    message: 'the backend answered 401 to register: no such token: [secret] at auth.js',
  })
  expect(await failure(client.getAssignedSessions())).toMatchObject({ code: 'backend.denied' })
  expect(waits).toEqual([])
})
