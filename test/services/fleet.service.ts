import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../src/control/api.ts'
import { freePort } from '../support/free-port.ts'
import { BIN, eventually } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { commandsOf, pattern, TypedShell } from '../support/typed.ts'
import { PostgresServer } from './postgres-server.ts'

// Daemons that share a real PostgreSQL.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(() => server[Symbol.asyncDispose]())

type Worker = Result<'fleet.workers'>['workers'][number]
type Session = Result<'fleet.sessions'>['sessions'][number]

async function jsonOf<T>(stage: Stage, ...args: string[]): Promise<T> {
  const { stdout, stderr, status } = await stage.run(...args, '--json')
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return JSON.parse(stdout) as T
}

const workersOf = async (stage: Stage): Promise<Worker[]> =>
  (await jsonOf<Result<'fleet.workers'>>(stage, 'fleet')).workers

const sessionsOf = async (stage: Stage): Promise<Session[]> =>
  (await jsonOf<Result<'fleet.sessions'>>(stage, 'fleet', 'sessions')).sessions

/** Waits until the directory says this of every session of the stage. */
async function untilListed(stage: Stage, wanted: Partial<Session>): Promise<Session[]> {
  return eventually(`sessions listed as ${JSON.stringify(wanted)}`, async () => {
    const sessions = await sessionsOf(stage)
    if (sessions.length < stage.ids.length) throw new Error(`only ${sessions.length} are listed`)
    for (const session of sessions) expect(session).toMatchObject(wanted)
    return sessions
  })
}

const fleetOf = async (stage: Stage) => (await stage.gateway.client.call('status', {})).fleet

async function untilFleet(stage: Stage, state: string): Promise<void> {
  await eventually(`the directory to be ${state}`, async () => {
    const fleet = await fleetOf(stage)
    if (fleet?.state === state) return true
    throw new Error(JSON.stringify(fleet))
  })
}

test('the database is away for a while, and learns what happened meanwhile', async () => {
  const stage = await openStage({ env: { WA_GATEWAY_FLEET_URL: await server.database() } })
  await stage.adoptAll()
  await stage.startOnline()
  await untilListed(stage, { lastState: 'online' })
  await eventually('the worker to be listed ready', async () => {
    const workers = await workersOf(stage)
    expect(workers).toMatchObject([
      { worker: 'worker-1', standing: 'running', ready: true, counts: { online: 2 }, listed: 2 },
    ])
    return workers
  })
  expect((await stage.run('status')).stdout).toMatch(/^fleet +127\.0\.0\.1:\d+\/fleet_\d+, told/m)
  await server.stop()
  try {
    await stage.run('session', 'pause', 'session-0')
    await stage.run('session', 'remove', 'session-1', '--confirm=session-1')
    await untilFleet(stage, 'away')
    const { stdout } = await stage.run('status')
    expect(stdout).toMatch(/^fleet +AWAY for \d+s, told \d+s ago, 2 to tell: the fleet directory/m)
    expect(await stage.run('fleet')).toMatchObject({ status: 6, stdout: '' })
    // It starts and runs without, too.
    await stage.gateway.stop()
    await stage.start()
    expect((await fleetOf(stage))?.state).not.toBe('connected')
  } finally {
    await server.resume()
  }
  await eventually('the directory to have what is true', async () => {
    const sessions = await sessionsOf(stage)
    expect(sessions).toMatchObject([{ id: 'session-0', desired: 'paused' }])
    expect(sessions).toHaveLength(1)
    return sessions
  })
  await untilFleet(stage, 'connected')
  expect(stage.output).not.toContain('a-password-of-the-tests')
})

test('a lost disk loses no pause and no name', async () => {
  const stage = await openStage({ env: { WA_GATEWAY_FLEET_URL: await server.database() } })
  await stage.adoptAll()
  await stage.startOnline()
  await stage.run('session', 'pause', 'session-0')
  await eventually('the pause to be listed', async () => {
    const sessions = await sessionsOf(stage)
    return sessions.find(({ id }) => id === 'session-0')?.desired === 'paused' ? true : undefined
  })
  const before = (await stage.view('session-1')).record
  await stage.gateway.stop()
  const direct = await stage.run('fleet')
  expect(direct.stdout).toMatch(/^worker-1 +stopped +2 listed, said last: 2 closed/m)
  expect(direct.stderr).toMatch(/no daemon is running.*; this is from the database itself/)
  const nobody = await stage.run('fleet', 'sessions', '--session', 'nobody')
  expect(nobody).toMatchObject({ status: 5, stdout: '' })
  await stage.wipe()
  await stage.startOnline({}, ['session-1'])
  const { record } = await stage.view('session-0')
  expect(record).toMatchObject({ desired: 'paused', phone: stage.phoneOf('session-0') })
  expect((await stage.view('session-0')).session.state).not.toBe('online')
  expect((await stage.view('session-1')).record?.pairedAt).toBe(before?.pairedAt)
  expect(stage.loginsOf('session-0')).toBe(1)
  await eventually('the pause to be listed by the new process', async () => {
    const [first] = await sessionsOf(stage)
    expect(first).toMatchObject({ id: 'session-0', desired: 'paused', standing: 'running' })
    return first
  })
  // A database that hangs keeps nobody from stopping.
  server.freeze()
  try {
    expect(await stage.gateway.stop()).toBe(0)
  } finally {
    server.thaw()
  }
})

test('a wrong password, or nobody there, is told once, and the worker runs', async () => {
  const cases = [
    [server.url('postgres', 'another-password'), 'refused', /password authentication failed/],
    ['postgresql://me:another-password@127.0.0.1:9/x', 'away', /ECONNREFUSED/],
  ] as const
  const stages = await Promise.all(
    cases.map(([url]) => openStage({ sessions: 0, env: { WA_GATEWAY_FLEET_URL: url } })),
  )
  await Promise.all(
    stages.map(async (stage, n) => {
      const [, state, words] = cases[n] ?? cases[0]
      await stage.start()
      await untilFleet(stage, state)
      expect((await fleetOf(stage))?.detail).toMatch(words)
      const asked = await stage.run('fleet')
      expect(asked.status).toBe(state === 'refused' ? 4 : 6)
      expect(asked.stderr).toMatch(words)
      expect((await stage.run('doctor', '--only', 'fleet')).stdout).toMatch(words)
      expect(await stage.gateway.stop()).toBe(0)
      const told = stage.logs.filter((line) => line.includes('the fleet directory fails'))
      expect(told).toHaveLength(1)
      expect(stage.output).not.toContain('another-password')
    }),
  )
})

test('the guide, typed', async () => {
  const url = await server.database()
  const dir = await mkdtemp(join(tmpdir(), 'wa-typed-'))
  const port = await freePort()
  const here = (text: string) =>
    text
      .replaceAll('/tmp/try', join(dir, 'try'))
      .replaceAll('8787', String(port))
      .replaceAll(/postgresql:\S+/g, url)
      // Nobody waits for its silence in a test.
      .replaceAll('sleep 40', 'true')
  const commands = commandsOf('docs/guides/fleet.md')
  expect(commands.length).toBeGreaterThan(15)
  try {
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      LC_ALL: 'C.UTF-8',
      SESSION_RECOVERY_STARTUP_DELAY: '0',
    }
    await using shell = new TypedShell(ROOT, env)
    await shell.type(`alias wa-gateway="${process.execPath} ${BIN}"`)
    for (const { command, prints } of commands) {
      const { output } = await shell.type(here(command))
      for (const line of prints) expect(output, `$ ${command}`).toMatch(pattern(here(line)))
      if (command.includes('sleep 40'))
        await server.query(
          url,
          `update wa_gateway.workers set seen_at = seen_at - interval '40 s' where worker = 'one'`,
        )
    }
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
})
