import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFleetDirectory } from '../../src/fleet/open.ts'
import type { FleetConnection, WorkerReport } from '../../src/fleet/port.ts'
import { published } from '../unit/fleet/session.ts'
import { PostgresServer } from './postgres-server.ts'

// The fleet directory over a real PostgreSQL.

let server: PostgresServer

beforeAll(async () => {
  server = await PostgresServer.start()
})

afterAll(() => server[Symbol.asyncDispose]())

const report = (worker: string, more: Partial<WorkerReport> = {}): WorkerReport => ({
  worker,
  boot: `boot of ${worker}`,
  version: '0.1.0',
  host: 'host',
  upMs: 60_000,
  ready: true,
  counts: { online: 1 },
  ...more,
})

async function connected(use: (connection: FleetConnection, url: string) => Promise<void>) {
  const url = await server.database()
  const connection = await openFleetDirectory(url).connect('write')
  try {
    await use(connection, url)
  } finally {
    await connection.close()
  }
}

test('many workers make the schema at once, and reading makes none', async () => {
  const directory = openFleetDirectory(await server.database())
  const reader = await directory.connect('read')
  expect(await reader.workers()).toEqual([])
  expect(await reader.sessions({})).toEqual([])
  await reader.close()
  const writers = await Promise.all(Array.from({ length: 8 }, () => directory.connect('write')))
  await Promise.all(writers.map((writer, n) => writer.publish(report(`w${n}`), [], [])))
  expect(await writers[0]?.workers()).toHaveLength(8)
  for (const writer of writers) await writer.close()
})

test('a row of an earlier owner never replaces that of a later one', () =>
  connected(async (connection) => {
    const put = async (worker: string, epoch: number, name: string) => {
      const session = published('a', { epoch, name })
      const { taken } = await connection.publish(report(worker), [session], [])
      const [row] = await connection.sessions({ session: 'a' })
      return [taken.length === 0, row?.worker, row?.epoch, row?.name]
    }
    expect(await put('one', 3, 'first')).toEqual([true, 'one', 3, 'first'])
    expect(await put('two', 3, 'the same epoch')).toEqual([false, 'one', 3, 'first'])
    expect(await put('two', 4, 'taken')).toEqual([true, 'two', 4, 'taken'])
    expect(await put('one', 3, 'late')).toEqual([false, 'two', 4, 'taken'])
    expect(await put('two', 3, 'rolled back')).toEqual([false, 'two', 4, 'taken'])
    // A worker that lost its disk does not know its epoch yet.
    expect(await put('one', 0, 'wiped')).toEqual([false, 'two', 4, 'taken'])
    expect(await put('two', 0, 'wiped')).toEqual([true, 'two', 4, 'wiped'])
    await connection.publish(report('one'), [], ['a'])
    expect(await connection.sessions({})).toHaveLength(1)
    await connection.publish(report('two'), [], ['a'])
    expect(await connection.sessions({})).toHaveLength(0)
  }))

test('every field comes back, and what text cannot hold is left out', () =>
  connected(async (connection) => {
    const session = published('a', {
      userId: 'u1',
      name: `A"n'n\\a ☎ \0\ud800`,
      phone: '15550000001',
      desired: 'paused',
      assignedBy: 'backend',
      lastState: 'failed',
      lastCause: 'damaged',
      createdAt: 1_795_487_514_692,
      lastActivityAt: 1_795_487_514_693,
      epoch: 9_007_199_254_740_991,
    })
    await connection.publish(report('one'), [session, published('B'), published('b')], [])
    const [upper, first] = await connection.sessions({ worker: 'one' })
    expect(upper?.id).toBe('B')
    const { worker, updatedAt, ...fields } = first ?? {}
    expect(fields).toEqual({ ...session, name: `A"n'n\\a ☎ \ufffd` })
    expect(worker).toBe('one')
    expect(Math.abs(Date.now() - (updatedAt ?? 0))).toBeLessThan(60_000)
    expect(await connection.sessions({ worker: 'two' })).toEqual([])
  }))

test('a process that started later has the row of its name', () =>
  connected(async (connection) => {
    const later = report('one', { boot: 'later', upMs: 1_000 })
    const heard = async (from: WorkerReport) =>
      (await connection.publish(from, [], [])).superseded ? 'superseded' : 'heard'
    expect(await heard(report('one'))).toBe('heard')
    expect(await heard(later)).toBe('heard')
    expect(await heard(report('one'))).toBe('superseded')
    await connection.leave(report('one'))
    const [running] = await connection.workers()
    expect(running).toMatchObject({ boot: 'later', ready: true })
    expect(running).not.toHaveProperty('stoppedAt')
    await connection.leave(later)
    const [left] = await connection.workers()
    expect(left).toMatchObject({ boot: 'later', ready: false, stoppedAt: left?.seenAt })
    expect(await heard(later)).toBe('heard')
    expect((await connection.workers())[0]).not.toHaveProperty('stoppedAt')
  }))

test('2,500 sessions go in a few statements', () =>
  connected(async (connection) => {
    const many = Array.from({ length: 2_500 }, (_, n) => published(`s${n}`))
    expect((await connection.publish(report('one'), many, [])).taken).toEqual([])
    expect(await connection.sessions({})).toHaveLength(2_500)
    await connection.publish(
      report('one'),
      [],
      many.map(({ id }) => id),
    )
    expect(await connection.sessions({})).toEqual([])
  }))

test('a schema of a newer version is refused, and stays', () =>
  connected(async (_, url) => {
    await server.query(url, "insert into wa_gateway.kysely_migration values ('0099-next', 'now')")
    for (const purpose of ['read', 'write'] as const)
      await expect(openFleetDirectory(url).connect(purpose)).rejects.toMatchObject({
        code: 'fleet.newer',
        message: expect.stringMatching(/newer wa-gateway \(0099-next\)/),
      })
  }))

test.each([
  ['fleet.refused', () => server.url('no-such-database'), /does not exist/],
  ['fleet.refused', () => `${server.url()}?sslmode=verify-full`, /does not support SSL/],
  ['fleet.refused', () => `${server.url()}?sslrootcert=/none/ca.crt`, /ENOENT.*ca\.crt/],
  ['fleet.unreachable', () => 'postgresql://a:b@host.invalid/fleet', /host\.invalid/],
])('%s: %s', async (code, url, words) => {
  const failed = openFleetDirectory(url()).connect('write')
  await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(words) })
})

test('a user who may not make the schema is told so', async () => {
  const url = await server.database()
  await server.query(url, "create role guest login password 'guest'")
  const asGuest = url.replace(/postgres:[^@]*@/, 'guest:guest@')
  await expect(openFleetDirectory(asGuest).connect('write')).rejects.toMatchObject({
    code: 'fleet.refused',
    hint: expect.stringMatching(/GRANT CREATE ON DATABASE/),
  })
})
