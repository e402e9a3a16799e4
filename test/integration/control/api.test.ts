import { spawn } from 'node:child_process'
import { stat, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { startControlServer } from '../../../src/control/server.ts'
import { GatewayError } from '../../../src/session/errors.ts'
import { collect } from '../../support/collect.ts'
import {
  session,
  startFakeDaemon,
  TOKEN,
  VERSION,
  type FakeDaemon,
} from '../../support/fake-daemon.ts'

let daemon: FakeDaemon
let client: ControlClient

beforeEach(async () => {
  daemon = await startFakeDaemon()
  client = new ControlClient({ target: { socketPath: daemon.socketPath }, version: VERSION })
})
afterEach(async () => {
  await client.close()
  await daemon.close()
})

const failure = async (promise: Promise<unknown>): Promise<GatewayError> =>
  promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error as GatewayError,
  )

describe('calls', () => {
  test('path, query and body arrive as one input', async () => {
    await client.call('session.send', { session: 'anna', to: '491701', text: 'hello' })
    await client.call('session.remove', { session: 'anna', confirm: 'anna' })
    await client.call('backup.list', {})
    expect(daemon.calls).toEqual([
      { method: 'session.send', input: { session: 'anna', to: '491701', text: 'hello' } },
      { method: 'session.remove', input: { session: 'anna', confirm: 'anna' } },
      { method: 'backup.list', input: {} },
    ])
  })

  test('ids with a plus and an at sign survive the path', async () => {
    daemon.sessions.set('a+b@c', session('a+b@c'))
    const shown = await client.call('session.show', { session: 'a+b@c' })
    expect(shown.session.id).toBe('a+b@c')
  })

  test('status has the sessions with their state', async () => {
    const status = await client.call('status', {})
    expect(status.sessions[0]).toMatchObject({ id: 'anna', state: 'online' })
  })

  test('a handler`s error arrives whole', async () => {
    const error = await failure(client.call('session.show', { session: 'nobody' }))
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({
      code: 'session.unknown',
      subject: 'nobody',
      message: `there is no session 'nobody'`,
      hint: 'see `wa-gateway session list`',
    })
    expect(daemon.failures).toEqual([])
  })

  test('what is not a GatewayError becomes internal and is reported for the log', async () => {
    daemon.methods.status = async () => {
      throw new TypeError('boom')
    }
    expect(await failure(client.call('status', {}))).toMatchObject({ code: 'internal' })
    expect(daemon.failures).toEqual(['/v1/status: boom'])
  })

  test('keys that the schema does not name stay in the daemon', async () => {
    daemon.methods['session.list'] = async () => ({
      sessions: [Object.assign(session('anna'), { noiseKey: 'secret' })],
    })
    expect(JSON.stringify(await client.call('session.list', {}))).not.toContain('secret')
  })

  test.each([
    ['recover without a target', '/v1/recover', {}, 'sessions'],
    ['recover with both targets', '/v1/recover', { all: true, sessions: ['a'] }, 'sessions'],
    ['a phone with a plus', '/v1/sessions', { id: 'x', phone: '+49170' }, 'phone'],
    ['a bad id', '/v1/sessions/..%2Fx/pause', {}, 'session'],
    ['a field that does not exist', '/v1/sessions', { id: 'x', fone: '49' }, 'fone'],
  ])('%s is refused with the field`s name', async (_, path, body, field) => {
    const reply = await fetch(`${daemon.httpUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    })
    expect(reply.status).toBe(400)
    expect(await reply.json()).toMatchObject({ error: { code: 'usage', subject: field } })
    expect(daemon.calls).toEqual([])
  })
})

describe('streams', () => {
  test('events arrive in order and the last one ends it', async () => {
    const events = await collect(client.stream('session.pair', { session: 'carl' }))
    expect(events.map((e) => e.type)).toEqual(['state', 'qr', 'qr', 'state', 'result'])
  })

  test('an error before the first event has an HTTP status, later it is the last line', async () => {
    const early = collect(client.stream('recover', { sessions: ['nobody'] }))
    expect(await failure(early)).toMatchObject({ code: 'session.unknown' })
    daemon.methods['session.pair'] = async (_, { emit }) => {
      emit({ type: 'qr', qr: '2@x' })
      throw new GatewayError({ code: 'session.timeout', message: 'nobody scanned', hint: 'again' })
    }
    const seen: string[] = []
    const late = (async () => {
      for await (const e of client.stream('session.pair', { session: 'carl' })) seen.push(e.type)
    })()
    expect(await failure(late)).toMatchObject({ code: 'session.timeout', hint: 'again' })
    expect(seen).toEqual(['qr'])
  })

  test('leaving aborts the handler`s signal, and what it emits later goes nowhere', async () => {
    const done = Promise.withResolvers<string>()
    daemon.methods.recover = async (_, { emit, signal }) => {
      emit({ type: 'begin', total: 1 })
      await new Promise((gone) => signal.addEventListener('abort', gone, { once: true }))
      emit({ type: 'end', results: [] })
      done.resolve('went on')
    }
    for await (const event of client.stream('recover', { all: true })) {
      expect(event.type).toBe('begin')
      break
    }
    expect(await done.promise).toBe('went on')
  })

  test('the reason of the caller`s signal is what is thrown', async () => {
    const abort = new AbortController()
    const reason = new GatewayError({ code: 'interrupted', message: 'stop' })
    const reading = (async () => {
      for await (const _ of client.stream('events', {}, abort.signal)) abort.abort(reason)
    })()
    expect(await failure(reading)).toBe(reason)
  })

  test('events follows one session when told to', async () => {
    for await (const event of client.stream('events', { session: 'ben' })) {
      expect(event).toMatchObject({ type: 'session', view: { id: 'ben' } })
      break
    }
  })

  test('a reader that is too slow is cut off and told so', async () => {
    const gone = Promise.withResolvers<void>()
    const view = session('big', { detail: 'x'.repeat(100_000) })
    daemon.methods.events = async (_, { emit, signal }) => {
      for (let n = 0; n < 200 && !signal.aborted; n++) emit({ type: 'session', view })
      gone.resolve()
    }
    const stream = client.stream('events', {})
    expect(await stream.next()).toMatchObject({ done: false })
    await gone.promise
    const rest = collect(stream)
    expect(await failure(rest)).toMatchObject({ code: 'daemon.protocol' })
  })

  test('an event outside the schema ends the stream instead of leaving the daemon', async () => {
    daemon.methods['session.pair'] = async (_, { emit }) => {
      emit({ type: 'qr', qr: '2@x', noiseKey: 'secret' } as { type: 'qr'; qr: string })
      emit({ type: 'keys' } as never)
    }
    const seen: unknown[] = []
    const reading = (async () => {
      for await (const e of client.stream('session.pair', { session: 'x' })) seen.push(e)
    })()
    expect(await failure(reading)).toMatchObject({ code: 'internal' })
    expect(seen).toEqual([{ type: 'qr', qr: '2@x' }])
  })

  test('a daemon that stops ends its streams with the reason', async () => {
    const reading = (async () => {
      for await (const _ of client.stream('events', {})) void daemon.close()
    })()
    expect(await failure(reading)).toMatchObject({
      code: 'daemon.unreachable',
      message: 'the daemon is stopping',
    })
  })
})

describe('heartbeats', () => {
  const silent = (fake: FakeDaemon, until: Promise<void>) => {
    fake.methods.recover = async (_, { emit }) => {
      await until
      emit({ type: 'end', results: [] })
    }
  }

  test('tell that a silent operation goes on', async () => {
    await using quick = await startFakeDaemon(VERSION, 10)
    const end = Promise.withResolvers<void>()
    silent(quick, end.promise)
    const reply = await fetch(`${quick.httpUrl}/v1/recover`, {
      method: 'POST',
      body: '{"all":true}',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    })
    let text = ''
    for await (const chunk of reply.body ?? []) {
      text += Buffer.from(chunk).toString()
      if (text.length >= 5) end.resolve()
    }
    expect(text).toMatch(/^\n{5,}\{"type":"end","results":\[\]\}\n$/)
  })

  test('are skipped by the client, and missed when they stay away', async () => {
    await using quick = await startFakeDaemon(VERSION, 10)
    silent(quick, new Promise((later) => setTimeout(later, 100)))
    const patient = new ControlClient({
      target: { socketPath: quick.socketPath },
      version: VERSION,
    })
    expect(await collect(patient.stream('recover', { all: true }))).toHaveLength(1)
    await patient.close()
    await using still = await startFakeDaemon(VERSION, 1_000_000)
    const impatient = new ControlClient({
      target: { socketPath: still.socketPath },
      version: VERSION,
      patienceMs: 100,
    })
    const events = impatient.stream('events', {})
    const error = await failure(collect(events))
    expect(error.message).toMatch(/does not answer/)
    await impatient.close()
  })
})

describe('TCP', () => {
  const get = (path: string, authorization?: string) =>
    fetch(`${daemon.httpUrl}${path}`, authorization ? { headers: { authorization } } : {})

  test.each([
    ['none', undefined],
    ['a wrong one', 'Bearer wrong'],
    ['an empty one', 'Bearer '],
    ['another scheme', `Basic ${TOKEN}`],
    ['one that begins alike', `Bearer ${TOKEN}x`],
  ])('token: %s is refused', async (_, authorization) => {
    const reply = await get('/v1/status', authorization)
    expect(reply.status).toBe(401)
    expect(reply.headers.get('www-authenticate')).toBe('Bearer')
    const text = await reply.text()
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'daemon.permission' } })
    expect(text).not.toContain(TOKEN)
    expect(daemon.calls).toEqual([])
  })

  test('without the token not even the paths that exist can be told', async () => {
    expect((await get('/v1/nothing')).status).toBe(401)
    expect((await get('/v1/nothing', `Bearer ${TOKEN}`)).status).toBe(404)
  })

  test('the client works over TCP with the token', async () => {
    const remote = new ControlClient({
      target: { url: daemon.httpUrl, token: TOKEN },
      version: VERSION,
    })
    expect(await remote.call('session.qr', { session: 'anna' })).toMatchObject({ qr: '2@first' })
    await remote.close()
  })

  test('health needs no token', async () => {
    expect((await get('/livez')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
    daemon.ready = { ready: false, detail: 'recovering 3 of 10' }
    const reply = await get('/readyz')
    expect([reply.status, await reply.text()]).toEqual([503, 'recovering 3 of 10\n'])
  })

  test('every reply names the version', async () => {
    for (const path of ['/livez', '/v1/status', '/v1/nothing'])
      expect((await get(path)).headers.get('wa-gateway-version')).toBe(VERSION)
  })
})

describe('the socket', () => {
  test('is for owner and group alone', async () => {
    expect((await stat(daemon.socketPath)).mode & 0o777).toBe(0o660)
    expect((await stat(dirname(daemon.socketPath))).mode & 0o777).toBe(0o750 & ~process.umask())
  })

  test('is not taken from a daemon that lives', async () => {
    const { socketPath } = daemon
    const handlers = { methods: daemon.methods, ready: () => ({ ready: true }) as const }
    const second = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(second)).toMatchObject({ code: 'state.locked' })
    expect((await client.call('session.list', {})).sessions).toHaveLength(2)
  })

  test('replaces a stale one, and closing removes it', async () => {
    const socketPath = join(daemon.dir, 'stale.sock')
    await leaveStaleSocket(socketPath)
    const handlers = { methods: daemon.methods, ready: () => ({ ready: true }) as const }
    const server = await startControlServer({ handlers, version: VERSION, socketPath })
    await server.close()
    expect(await failure(stat(socketPath))).toMatchObject({ code: 'ENOENT' })
  })

  test('leaves alone what is no socket', async () => {
    const socketPath = join(daemon.dir, 'file')
    await writeFile(socketPath, 'precious')
    const handlers = { methods: daemon.methods, ready: () => ({ ready: true }) as const }
    const server = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(server)).toMatchObject({ code: 'config.invalid' })
  })

  test('refuses a path that the kernel would cut', async () => {
    const socketPath = join(daemon.dir, 'x'.repeat(120))
    const handlers = { methods: daemon.methods, ready: () => ({ ready: true }) as const }
    const server = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(server)).toMatchObject({ code: 'config.invalid', subject: socketPath })
  })
})

describe('a daemon that cannot be reached', () => {
  const dial = async (socketPath: string, patienceMs = 5_000) => {
    const other = new ControlClient({ target: { socketPath }, version: VERSION, patienceMs })
    try {
      return await failure(other.call('status', {}))
    } finally {
      await other.close()
    }
  }

  test('no socket: start it', async () => {
    const error = await dial(join(daemon.dir, 'none.sock'))
    expect(error).toMatchObject({ code: 'daemon.unreachable', exit: 6 })
    expect(error.message).toMatch(/no socket/)
    expect(error.hint).toMatch(/wa-gateway daemon/)
  })

  test('a stale socket: nobody listens', async () => {
    const path = join(daemon.dir, 'stale.sock')
    await leaveStaleSocket(path)
    const error = await dial(path)
    expect(error).toMatchObject({ code: 'daemon.unreachable' })
    expect(error.message).toMatch(/nobody listens/)
  })

  test('hung: it accepts and says nothing', async () => {
    const path = join(daemon.dir, 'hung.sock')
    await using _ = await silentServer(path)
    const error = await dial(path, 50)
    expect(error).toMatchObject({ code: 'daemon.unreachable' })
    expect(error.message).toMatch(/does not answer/)
  })

  test('a slow call of a daemon that lives is waited for', async () => {
    const release = Promise.withResolvers<void>()
    daemon.methods['session.pause'] = async ({ session: id }) => {
      await release.promise
      return { session: session(id) }
    }
    const patient = new ControlClient({
      target: { socketPath: daemon.socketPath },
      version: VERSION,
      patienceMs: 100,
    })
    const answer = patient.call('session.pause', { session: 'anna' })
    await vi.waitUntil(() => daemon.calls.length > 0)
    await new Promise((later) => setTimeout(later, 500))
    release.resolve()
    expect((await answer).session.id).toBe('anna')
    await patient.close()
  })

  test('something else behind the socket is not taken for a daemon', async () => {
    const path = join(daemon.dir, 'foreign.sock')
    const foreign = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}')
    })
    foreign.listen(path)
    await once(foreign, 'listening')
    expect(await dial(path)).toMatchObject({ code: 'daemon.protocol' })
    foreign.close()
  })

  test('another version is told of once', async () => {
    await using newer = await startFakeDaemon('0.2.0')
    const told: string[] = []
    const older = new ControlClient({
      target: { socketPath: newer.socketPath },
      version: VERSION,
      onSkew: (version) => told.push(version),
    })
    await older.call('session.list', {})
    await older.call('session.list', {})
    expect(told).toEqual(['0.2.0'])
    await older.close()
  })
})

async function silentServer(path: string): Promise<AsyncDisposable> {
  const server: Server = createServer()
  const sockets: { destroy(): void }[] = []
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(path)
  await once(server, 'listening')
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** What a daemon killed by SIGKILL leaves: bound, and nobody behind it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore' })
  await once(child, 'exit')
  expect((await stat(path)).isSocket()).toBe(true)
}
