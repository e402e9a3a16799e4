import { expect, test, vi } from 'vitest'
import type { OutboxEvent } from '../../../src/backend/outbox/outbox.ts'
import type { SessionStatusNotice } from '../../../src/backend/port.ts'
import { MemoryOutbox } from '../../support/memory-outbox.ts'
import { AT, serve } from './fixture.ts'

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 })
/** Pauses as short as can be. */
const soon = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    setImmediate(resolve)
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
const never = (_: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

const notice = (
  status: SessionStatusNotice['status'],
  sessionId = 's1',
  more: Partial<SessionStatusNotice> = {},
): SessionStatusNotice => ({ sessionId, status, at: AT, ...more })
const result = (sessionId: string) => ({
  sessionId,
  outcome: 'recovered' as const,
  attempts: 1,
  durations: { total: 1 },
  recoveredAt: AT,
})
const statuses = (calls: unknown[]) =>
  calls.map((body) => {
    const { sessionId, status } = body as { sessionId: string; status: string }
    return `${sessionId} ${status}`
  })
const reported = (calls: unknown[]) =>
  calls.map(
    (body) =>
      (body as { recoveryResults: { sessionId: string }[] }).recoveryResults[0]?.sessionId ?? '',
  )

test('while the backend answers everything arrives and nothing is left on disk', async () => {
  const { backend, service, store } = await serve()
  await service.register()
  await service.reportRecoveryStatus([result('s1')])
  await service.notifySessionStatus(notice('CONNECTED'))
  await service.drain()
  expect(reported(backend.taken('recovery-status'))).toEqual(['s1'])
  expect(statuses(backend.taken('session-status'))).toEqual(['s1 CONNECTED'])
  expect(backend.violations).toEqual([])
  expect(store.rows.size).toBe(0)
  expect(service.health().outbox).toEqual({
    waiting: 0,
    bytes: 0,
    dropped: 0,
    expired: 0,
    refused: 0,
  })
})

test('after an outage and a restart: reports in order, the newest statuses, no QR', async () => {
  const store = new MemoryOutbox()
  const first = await serve({ store, outbox: { sleep: never } })
  const { backend } = first
  await first.service.register()
  await backend.down()
  await first.service.notifySessionStatus(notice('INIT'))
  await first.service.reportRecoveryStatus([result('one')])
  await first.service.notifySessionStatus(notice('CONNECTED'))
  await first.service.notifySessionStatus(notice('DISCONNECTED', 's2'))
  await first.service.reportRecoveryStatus([result('two')])
  const expiresAt = AT + 60_000
  const qr = { qrCode: 'a secret', expiresAt }
  await first.service.notifySessionStatus(notice('RECONNECTING', 's3'))
  await first.service.notifySessionStatus(notice('QR_REQUIRED', 's3', qr))
  const { outbox, reach } = first.service.health()
  expect(outbox).toMatchObject({ waiting: 5, lastError: { call: expect.any(String) } })
  expect(reach).toBe('up')
  expect(JSON.stringify([...store.rows.values()])).not.toContain('a secret')
  await first.service.close()

  const second = await serve({ backend, store })
  await second.service.notifySessionStatus(notice('INIT', 's2'))
  await second.service.reportRecoveryStatus([result('three')])
  await backend.up()
  await second.service.register()
  await second.service.drain()
  expect(reported(backend.taken('recovery-status'))).toEqual(['one', 'two', 'three'])
  const told = statuses(backend.taken('session-status'))
  expect(told.toSorted()).toEqual(['s1 CONNECTED', 's2 INIT'])
  expect(backend.violations).toEqual([])
  expect(store.rows.size).toBe(0)
  await backend.down()
})

test('the worker’s reports wait until the backend knows the worker, statuses do not', async () => {
  const { backend, service } = await serve({
    outbox: { mayGo: ({ lane }) => lane !== 'worker' || backend.workers.size > 0 },
  })
  await service.reportRecoveryStatus([result('s1')])
  await service.notifySessionStatus(notice('CONNECTED'))
  await service.drain()
  expect(backend.calls.map(({ name }) => name)).toEqual(['session-status'])
  await service.register()
  await service.drain()
  expect(backend.taken('recovery-status')).toHaveLength(1)
})

test.each([
  'reset',
  'lost',
  'hang',
  'garbage',
  { status: 500 },
  { status: 503 },
  { slow: 20 },
] as const)(
  'trouble %j: everything arrives once it is over, at least once and in order',
  async (trouble) => {
    const { backend, service, store } = await serve({
      client: { timeout: 100 },
      outbox: { sleep: soon },
    })
    await service.register()
    backend.plan(trouble, 3)
    const names = Array.from({ length: 5 }, (_, n) => `s${n}`)
    for (const name of names) await service.reportRecoveryStatus([result(name)])
    for (const name of names) await service.notifySessionStatus(notice('CONNECTED', name))
    await until(() => expect(service.health().outbox?.waiting).toBe(0))
    const reports = reported(backend.taken('recovery-status'))
    expect([...new Set(reports)]).toEqual(names)
    expect(reports).toEqual(reports.toSorted((a, b) => names.indexOf(a) - names.indexOf(b)))
    expect(new Set(statuses(backend.taken('session-status')))).toEqual(
      new Set(names.map((name) => `${name} CONNECTED`)),
    )
    await until(() => expect(store.rows.size).toBe(0))
    expect(service.health().outbox).toMatchObject({ refused: 0, dropped: 0 })
  },
)

test('a refused token waits, and is told once', async () => {
  const events: OutboxEvent[] = []
  const { backend, service } = await serve({
    outbox: { sleep: soon, onEvent: (event) => events.push(event) },
  })
  await service.register()
  backend.plan({ status: 401 }, 7, 'session-status')
  await service.notifySessionStatus(notice('CONNECTED'))
  await until(() => expect(backend.taken('session-status')).toHaveLength(1))
  await service.drain()
  expect(backend.callsOf('session-status')).toHaveLength(8)
  expect(events.map(({ type }) => type)).toEqual(['paused', 'resumed'])
  expect(events[0]).toMatchObject({ error: { code: 'backend.denied' } })
})

test.each([400, 404, 413, 422])(
  'an answer of %i is set apart and blocks nothing',
  async (status) => {
    const events: OutboxEvent[] = []
    const { backend, service, store } = await serve({
      outbox: { sleep: soon, onEvent: (event) => events.push(event) },
    })
    await service.register()
    // What a backend does not know may be known in a moment: that is tried five times.
    backend.plan({ status, message: 'never' }, status === 404 ? 5 : 1, 'recovery-status')
    await service.reportRecoveryStatus([result('bad')])
    await service.reportRecoveryStatus([result('good')])
    await until(() => expect(reported(backend.taken('recovery-status'))).toEqual(['good']))
    await service.drain()
    const { outbox } = service.health()
    expect(outbox).toMatchObject({
      waiting: 0,
      refused: 1,
      lastRefusal: { call: 'recovery status' },
    })
    expect(outbox?.lastRefusal?.message).toContain(`${status} to recovery status: never`)
    expect(store.refused).toMatchObject([{ call: 'recovery status' }])
    expect(store.refused[0]?.body).toContain('bad')
    expect(store.counts).toEqual({ refused: 1 })
    expect(store.rows.size).toBe(0)
    expect(events.filter(({ type }) => type === 'refused')).toHaveLength(1)

    const again = await serve({ backend, store })
    expect(again.service.health().outbox).toMatchObject({ refused: 1, lastRefusal: {} })
  },
)

test('never more than four at a time, and one at a time after a failure', async () => {
  const { backend, service } = await serve({ client: { timeout: 60_000 }, outbox: { sleep: soon } })
  const names = Array.from({ length: 20 }, (_, n) => `s${n}`)
  const tellAll = () =>
    Promise.all(names.map((name) => service.notifySessionStatus(notice('INIT', name))))
  await tellAll()
  await service.drain()
  expect(backend.taken('session-status')).toHaveLength(20)
  // Well on its way, it has four under way when nothing answers.
  backend.plan('hang', 100, 'session-status')
  await tellAll()
  await until(() => expect(backend.callsOf('session-status')).toHaveLength(24))
  await backend.down()
  await until(() => expect(service.health().outbox?.lastError).toBeDefined())
  const before = backend.calls.length
  await backend.up()
  // The first that gets through again is alone.
  await until(() => expect(backend.calls.length).toBeGreaterThan(before))
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve))
  expect(backend.calls).toHaveLength(before + 1)
})

test('a disk that takes nothing costs what is on it, not the delivery', async () => {
  const store = new MemoryOutbox()
  store.failure = new Error('the disk is full')
  const events: OutboxEvent[] = []
  const { backend, service } = await serve({
    store,
    outbox: { onEvent: (event) => events.push(event) },
  })
  backend.plan({ slow: 50 })
  await service.notifySessionStatus(notice('CONNECTED'))
  await service.drain()
  expect(statuses(backend.taken('session-status'))).toEqual(['s1 CONNECTED'])
  expect(events.some(({ type }) => type === 'disk')).toBe(true)
})

test('what is forgotten is not told', async () => {
  const { backend, service, store } = await serve({ outbox: { sleep: never } })
  backend.plan({ status: 503 })
  await service.notifySessionStatus(notice('INIT', 's1'))
  await until(() => expect(backend.calls).toHaveLength(1))
  await service.notifySessionStatus(notice('DISCONNECTED', 's2'))
  service.forget('s1')
  service.forget('s2')
  await service.drain()
  await until(() => expect(store.rows.size).toBe(0))
  expect(backend.taken('session-status')).toEqual([])
})

test('a QR that is too old is counted, not sent', async () => {
  let now = AT
  const { backend, service } = await serve({ outbox: { sleep: never, now: () => now } })
  backend.plan({ status: 503 })
  await service.notifySessionStatus(
    notice('QR_REQUIRED', 's1', { qrCode: 'one', expiresAt: AT + 20_000 }),
  )
  await until(() => expect(backend.calls).toHaveLength(1))
  now += 20_000
  await service.drain()
  expect(backend.callsOf('session-status')).toHaveLength(1)
  expect(service.health().outbox).toMatchObject({ waiting: 0, expired: 1 })
})

test('the list of assigned sessions: from the backend, else from memory, with its age', async () => {
  const at = new Map<string, number>()
  const instants = {
    read: (name: string) => Promise.resolve(at.get(name)),
    write: async (name: string, value: number) => void at.set(name, value),
  }
  const first = await serve({ instants })
  const { backend } = first
  expect(first.service.health().assigned).toEqual({ source: 'cache', unlisted: [] })
  await expect(first.service.getAssignedSessions()).rejects.toMatchObject({
    code: 'backend.unreachable',
    message: expect.stringContaining('not registered'),
  })
  expect(backend.calls).toEqual([])
  backend.assigned = [{ sessionId: 's1' }]
  await first.service.register()
  await first.service.getAssignedSessions()
  expect(first.service.listed).toEqual(new Set(['s1']))
  expect(first.service.health().assigned).toEqual({ source: 'backend', at: AT, unlisted: [] })
  backend.plan({ status: 500 }, 2, 'assigned')
  await expect(first.service.getAssignedSessions()).rejects.toMatchObject({ status: 500 })
  expect(first.service.health().assigned).toEqual({ source: 'cache', at: AT, unlisted: [] })

  const second = await serve({ backend, instants })
  expect(second.service.health().assigned).toEqual({ source: 'cache', at: AT, unlisted: [] })
})
