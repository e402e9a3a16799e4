import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test, vi } from 'vitest'
import { Heartbeat, type HeartbeatOptions } from '../../../src/backend/heartbeat.ts'
import type { BackendClient } from '../../../src/backend/client.ts'
import { AT, connect, WORKER } from './fixture.ts'

const running: Heartbeat[] = []

afterEach(async () => {
  for (const heartbeat of running.splice(0)) await heartbeat.stop()
})

function begin(registry: BackendClient, more: Partial<HeartbeatOptions> = {}): Heartbeat {
  const heartbeat = new Heartbeat({
    registry,
    interval: 5,
    registration: true,
    sessions: () => [{ sessionId: 's1', status: 'CONNECTED', lastActivity: AT }],
    counts: () => ({ messageCount: 3, totalSessions: 2, activeSessions: 1 }),
    ...more,
  })
  running.push(heartbeat)
  heartbeat.start()
  return heartbeat
}

const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 5 })

test('beats at once and goes on, with measured numbers', async () => {
  const { backend, client } = await connect()
  await client.register()
  begin(client)
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(2))
  expect(backend.violations).toEqual([])
  expect(backend.callsOf('register')).toHaveLength(1)
  expect(backend.taken('heartbeat')[0]).toMatchObject({
    sessions: [{ sessionId: 's1', status: 'CONNECTED' }],
    metrics: { messageCount: 3, totalSessions: 2, activeSessions: 1 },
  })
})

test('registers a worker that could not register before, and again when forgotten', async () => {
  const { backend, client } = await connect()
  const answers: unknown[] = []
  const errors: unknown[] = []
  begin(client, {
    onRegistered: (answer) => answers.push(answer),
    onError: (error) => errors.push(error),
  })
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(0))
  expect(answers).toHaveLength(1)
  backend.forgetWorkers()
  const before = backend.taken('heartbeat').length
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(before))
  expect(answers).toHaveLength(2)
  expect(errors).toEqual([])
  expect(backend.violations).toEqual([])
})

test('a worker that may have fewer sessions says so with the next beat', async () => {
  const { backend, client } = await connect()
  const heartbeat = begin(client)
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(0))
  client.limit(WORKER.maxSessions - 1)
  heartbeat.registerAgain()
  await until(() => expect(backend.taken('register')).toHaveLength(2))
  expect(backend.taken('register').at(-1)).toMatchObject({ maxSessions: WORKER.maxSessions - 1 })
  const before = backend.taken('heartbeat').length
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(before + 2))
  expect(backend.taken('register')).toHaveLength(2)
  expect(backend.violations).toEqual([])
})

test('a worker that somebody else registers does not register itself', async () => {
  const { backend, client } = await connect({ registration: false })
  const errors: unknown[] = []
  begin(client, { registration: false, onError: (error) => errors.push(error) })
  await until(() => expect(errors.length).toBeGreaterThan(0))
  expect(errors[0]).toMatchObject({ code: 'backend.rejected', status: 404 })
  expect(backend.callsOf('register')).toEqual([])
})

test('goes on after failures, and tells each', async () => {
  const { backend, client } = await connect()
  await client.register()
  backend.plan({ status: 500 }, 3, 'heartbeat')
  const errors: unknown[] = []
  begin(client, { onError: (error) => errors.push(error) })
  await until(() => expect(backend.taken('heartbeat').length).toBeGreaterThan(0))
  expect(errors).toHaveLength(3)
})

test('beats never overlap', async () => {
  const { backend, client } = await connect({ timeout: 60_000 })
  await client.register()
  backend.plan('hang', 1, 'heartbeat')
  const slept: number[] = []
  const heartbeat = begin(client, {
    sleep: (ms) => {
      slept.push(ms)
      return Promise.resolve()
    },
  })
  await until(() => expect(backend.callsOf('heartbeat')).toHaveLength(1))
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(backend.callsOf('heartbeat')).toHaveLength(1)
  expect(slept).toEqual([])
  const stopped = heartbeat.stop()
  await client.close()
  await stopped
})

test('after stop there is no further beat; it may be started again', async () => {
  const { backend, client } = await connect()
  await client.register()
  const heartbeat = begin(client, { interval: 60_000 })
  heartbeat.start()
  await until(() => expect(backend.taken('heartbeat')).toHaveLength(1))
  await heartbeat.stop()
  await heartbeat.stop()
  expect(backend.callsOf('heartbeat')).toHaveLength(1)
  heartbeat.start()
  await until(() => expect(backend.taken('heartbeat')).toHaveLength(2))
})

test('a heartbeat that nobody stopped does not keep the process alive', async () => {
  const { backend } = await connect()
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    const { BackendClient } = await import(${at('../../../src/backend/client.ts')})
    const { Heartbeat } = await import(${at('../../../src/backend/heartbeat.ts')})
    const registry = new BackendClient({
      url: ${JSON.stringify(backend.url)},
      token: ${JSON.stringify(backend.token)},
      worker: ${JSON.stringify(WORKER)},
    })
    await registry.register()
    const counts = () => ({ messageCount: 0, totalSessions: 0, activeSessions: 0 })
    new Heartbeat({
      registry, interval: 3_600_000, registration: true, sessions: () => [], counts,
    }).start()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: 'inherit',
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  expect(code).toBe(0)
  expect(backend.taken('heartbeat')).toHaveLength(1)
})
