import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Result } from '../../src/control/api.ts'
import { eventually } from '../support/gateway.ts'
import { openStage, type Stage } from '../support/stage.ts'
import { PostgresServer } from './postgres-server.ts'

// Daemons that share a real PostgreSQL.

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

test('a worker lists itself and its sessions', async () => {
  const url = await server.database()
  const stage = await openStage({ env: { WA_GATEWAY_FLEET_URL: url } })
  await stage.startPaired()
  const [worker] = await eventually('both to be listed online', async () => {
    const workers = await workersOf(stage)
    return workers[0]?.counts['online'] === 2 ? workers : undefined
  })
  expect(worker).toMatchObject({ worker: 'worker-1', standing: 'running', listed: 2 })
  const sessions = await sessionsOf(stage)
  expect(sessions.map(({ id, worker: where, lastState }) => [id, where, lastState])).toEqual([
    ['session-0', 'worker-1', 'online'],
    ['session-1', 'worker-1', 'online'],
  ])
  expect((await stage.run('status')).stdout).toMatch(/^fleet +127\.0\.0\.1:\d+\/fleet_\d+, told/m)
  expect((await stage.run('fleet')).stdout).toMatch(/^worker-1 +running +2 online +0?\ds? ago/m)
  await stage.gateway.stop()
  const { stdout, stderr } = await stage.run('fleet')
  expect(stdout).toMatch(/^worker-1 +stopped +2 listed, said last: 2 closed/m)
  expect(stderr).toMatch(/no daemon is running.*; this is from the database itself/)
  expect(stage.output).not.toContain('a-password-of-the-tests')
})
