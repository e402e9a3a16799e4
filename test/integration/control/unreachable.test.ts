import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { failure } from '../../support/failure.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'
import { session, VERSION } from '../../support/fake-methods.ts'
import { silentServer, leaveStaleSocket } from '../../support/sockets.ts'

let daemon: FakeDaemon
beforeEach(async () => {
  daemon = await startFakeDaemon()
})
afterEach(() => daemon.close())

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

  test('a reply of another shape is not taken for one, even of the same version', async () => {
    const path = join(daemon.dir, 'strange.sock')
    const strange = createHttpServer((_, response) => {
      response.writeHead(200, { 'wa-gateway-version': VERSION, 'wa-gateway-protocol': '1' })
      response.end('{"version":"0.1.0"}')
    })
    strange.listen(path)
    await once(strange, 'listening')
    const error = await dial(path)
    expect(error).toMatchObject({ code: 'daemon.protocol' })
    expect(error.message).toMatch(/another shape: it\.\w+ is missing/)
    strange.close()
  })

  test('a client that is closed ends what is under way', async () => {
    const other = new ControlClient({ target: { socketPath: daemon.socketPath }, version: VERSION })
    daemon.methods.status = async () => new Promise(() => {})
    const answer = failure(other.call('status', {}))
    await vi.waitUntil(() => daemon.calls.length > 0)
    await other.close()
    expect(await answer).toMatchObject({ code: 'daemon.unreachable' })
    expect(await failure(other.call('session.list', {}))).toMatchObject({
      code: 'daemon.unreachable',
    })
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
