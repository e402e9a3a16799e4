import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually, type GatewayProcess } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { openBackend } from '../support/open-backend.ts'

interface Report {
  totalSessions: number
  recoveryResults: { sessionId: string; status: string }[]
}
interface Status {
  sessionId: string
  status: string
  timestamp: string
}

const QUICK = { BACKEND_HEARTBEAT_INTERVAL: '300', BACKEND_ASSIGNMENT_INTERVAL: '500' }

async function backendOf(gateway: GatewayProcess) {
  return (await gateway.client.call('status', {})).backend
}

/** Everything that lies in the state directory, as text. */
function onDisk({ stateDir }: Stage): string {
  return readdirSync(stateDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')
}

test('a backend that is away for whole lives of the daemon is told everything once it is back', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({ sessions: 3, env: { ...env, ...QUICK } })
  const [paused = '', ...others] = stage.ids
  await stage.startPaired()
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId, userId: 'u' }))
  expect(await stage.gateway.stop()).toBe(0)
  await stage.startOnline()
  expect(await stage.gateway.stop()).toBe(0)
  await backend.down()
  backend.forgetWorkers()
  const before = backend.calls.length

  const first = await stage.startOnline()
  expect(await backendOf(first)).toMatchObject({
    registered: false,
    reach: 'away',
    assigned: { source: 'cache', at: expect.any(Number), unlisted: [] },
  })
  const shown = Promise.withResolvers<string>()
  void first
    .pair('new', (event) => {
      if (event.type === 'qr') shown.resolve(event.qr)
    })
    .catch(() => undefined)
  const qr = await shown.promise
  await first.client.call('session.pause', { session: paused })
  await first.eventually('everything to wait', async () => {
    const { outbox } = await backendOf(first)
    return (outbox?.waiting ?? 0) >= 5 ? true : undefined
  })
  expect(await first.stop('SIGKILL')).toBe('SIGKILL')
  expect(onDisk(stage)).not.toContain(qr)

  const second = await stage.startOnline({}, others)
  const { startedAt, backend: view } = await second.client.call('status', {})
  expect(view.outbox).toMatchObject({ dropped: 0, refused: 0 })
  expect(view.outbox?.oldestAt).toBeLessThan(startedAt)
  await backend.up()
  await second.eventually('everything to be told', async () => {
    const view = await backendOf(second)
    return view.registered && view.outbox?.waiting === 0 ? true : undefined
  })

  const calls = backend.calls.slice(before)
  const taken = (name: string) =>
    calls.filter((call) => call.name === name && call.status === 200).map((call) => call.body)
  const reports = taken('recovery-status') as Report[]
  expect(reports.slice(0, 2)).toMatchObject([
    { totalSessions: 3, successfulRecoveries: 3 },
    { totalSessions: 2, successfulRecoveries: 2 },
  ])
  const statuses = taken('session-status') as Status[]
  expect(statuses.filter(({ status }) => status === 'QR_REQUIRED')).toEqual([])
  for (const id of stage.ids) {
    const told = statuses.filter(({ sessionId }) => sessionId === id)
    expect(told.at(-1)?.status).toBe(id === paused ? 'DISCONNECTED' : 'CONNECTED')
    const times = told.map(({ timestamp }) => timestamp)
    expect(times).toEqual(times.toSorted())
  }
  expect(statuses.find(({ sessionId }) => sessionId === paused)?.status).toBe('DISCONNECTED')
  expect(await second.stop()).toBe(0)
  expect(backend.violations).toEqual([])
  stage.expectNoHarm({ unscanned: 1 })
}, 180_000)

test('a refused token is no outage: status says so, the log once, and all is told when it is right', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({ sessions: 1, env: { ...env, ...QUICK } })
  const gateway = await stage.start({ WORKER_AUTH_TOKEN: 'a-wrong-token-of-somebody' })
  await stage.pair(stage.ids[0] ?? '')
  await gateway.eventually('several heartbeats to be refused', async () =>
    backend.callsOf('register').length > 3 ? true : undefined,
  )
  const status = await stage.run('status')
  expect(status.stdout).toMatch(/backend +NOT registered; the TOKEN IS REFUSED .*WORKER_AUTH_TOKEN/)
  expect(status.stdout).toMatch(/assigned +from memory: the backend's list was never given/)
  expect(status.stdout).toMatch(/outbox +\d+ to tell/)
  expect(gateway.output.match(/the backend refuses the token/g)).toHaveLength(1)
  expect(await gateway.stop()).toBe(0)
  await stage.startOnline()
  await stage.gateway.eventually('everything to be told', async () => {
    const { outbox } = await backendOf(stage.gateway)
    return outbox?.waiting === 0 ? true : undefined
  })
  // The stop was under the wrong token too: what it had to tell of came with the next start.
  expect(backend.taken('sessions-preserved')).toHaveLength(1)
  expect(await stage.gateway.stop()).toBe(0)
  expect(stage.output).not.toContain('a-wrong-token-of-somebody')
}, 120_000)

test('each recovery is recorded, over restarts, with what began it', async () => {
  const { backend, env } = await openBackend()
  const stage = await openStage({ sessions: 2, env: { ...env, ...QUICK } })
  await stage.startPaired()
  backend.assigned = stage.ids.map((sessionId) => ({ sessionId }))
  expect((await stage.run('recoveries', 'show')).status).toBe(5)
  expect(await stage.gateway.stop()).toBe(0)
  await stage.startOnline()
  expect(await stage.gateway.stop('SIGKILL')).toBe('SIGKILL')
  await stage.startOnline()
  expect((await stage.run('recover', '--all')).status).toBe(0)
  const listed = await stage.run('recoveries', 'list', '--json')
  const { runs } = JSON.parse(listed.stdout) as { runs: { trigger: string }[] }
  expect(runs).toMatchObject([
    { trigger: 'operator', state: 'ended', total: 2, recovered: 2, none: 2 },
    { trigger: 'start', source: 'backend', state: 'ended', total: 2, recovered: 2, warm: 2 },
    { trigger: 'start', source: 'backend', state: 'ended', total: 2, recovered: 2, warm: 2 },
  ])
  const shown = await stage.run('recoveries', 'show')
  expect(shown.stdout).toMatch(/begun by +operator[^]*session-0 +recovered +was online/)
  // A person's recovery is reported too.
  await eventually('the report', () => {
    const reports = backend.taken('recovery-status') as Report[]
    return reports.filter(({ totalSessions }) => totalSessions === 2).length === 3
      ? true
      : undefined
  })
  expect(await stage.gateway.stop()).toBe(0)
  expect(backend.violations).toEqual([])
}, 120_000)
