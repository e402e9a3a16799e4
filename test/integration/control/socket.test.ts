import { writeFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ControlClient } from '../../../src/control/client.ts'
import { startControlServer } from '../../../src/control/server.ts'
import { failure } from '../../support/failure.ts'
import { startFakeDaemon, type FakeDaemon } from '../../support/fake-daemon.ts'
import { VERSION } from '../../support/fake-methods.ts'
import { leaveStaleSocket } from '../../support/sockets.ts'

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

const silent = {
  health: async () => [],
  metrics: async () => ({ contentType: '', text: '' }),
  stopping: new AbortController().signal,
}

describe('the socket', () => {
  test('is for owner and group alone', async () => {
    expect((await stat(daemon.socketPath)).mode & 0o777).toBe(0o660)
    expect((await stat(dirname(daemon.socketPath))).mode & 0o777).toBe(0o750 & ~process.umask())
  })

  test('is not taken from a daemon that lives', async () => {
    const { socketPath } = daemon
    const handlers = { methods: daemon.methods, ...silent }
    const second = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(second)).toMatchObject({ code: 'state.locked' })
    expect((await client.call('session.list', {})).sessions).toHaveLength(2)
  })

  test('replaces a stale one, and closing removes it', async () => {
    const socketPath = join(daemon.dir, 'stale.sock')
    await leaveStaleSocket(socketPath)
    const handlers = { methods: daemon.methods, ...silent }
    const server = await startControlServer({ handlers, version: VERSION, socketPath })
    await server.close()
    expect(await failure(stat(socketPath))).toMatchObject({ code: 'ENOENT' })
  })

  test('leaves alone what is no socket', async () => {
    const socketPath = join(daemon.dir, 'file')
    await writeFile(socketPath, 'precious')
    const handlers = { methods: daemon.methods, ...silent }
    const server = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(server)).toMatchObject({ code: 'config.invalid' })
  })

  test('refuses a path that the kernel would cut', async () => {
    const socketPath = join(daemon.dir, 'x'.repeat(120))
    const handlers = { methods: daemon.methods, ...silent }
    const server = startControlServer({ handlers, version: VERSION, socketPath })
    expect(await failure(server)).toMatchObject({ code: 'config.invalid', subject: socketPath })
  })
})
