import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openServiceManager } from '../../src/daemon/systemd/service-manager.ts'
import { GatewayProcess, type Environment } from '../support/gateway.ts'
import { NotifySocket } from '../support/notify-socket.ts'

let dir: string
const closers: (() => Promise<unknown> | void)[] = []

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wa-notify-'))
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  rmSync(dir, { recursive: true, force: true })
})

async function listen(name = join(dir, 'notify')): Promise<NotifySocket> {
  const socket = await NotifySocket.open(name)
  closers.push(() => socket.close())
  return socket
}

function manager(name: string) {
  const opened = openServiceManager({ NOTIFY_SOCKET: name, PATH: process.env['PATH'] })
  if (opened === undefined) throw new Error('NOTIFY_SOCKET is set')
  closers.push(() => opened.close())
  return opened
}

function daemon(env: Environment): GatewayProcess {
  const gateway = GatewayProcess.spawn({
    WA_GATEWAY_STATE_DIR: join(dir, 'state'),
    SESSION_RECOVERY_STARTUP_DELAY: '0',
    ...env,
  })
  closers.push(() => gateway.stop('SIGKILL'))
  return gateway
}

test('notices arrive whole and in order, over a path and over an abstract name', async () => {
  for (const name of [join(dir, 'notify'), `@wa-gateway-test-${process.pid}`]) {
    const socket = await listen(name)
    const service = manager(name)
    const status = `a "quoted" $HOME * \\n back\\slash 'single'; ünï`
    await Promise.all([
      service.tell({ READY: '1', STATUS: status }),
      service.tell({ RELOADING: '1', MONOTONIC_USEC: '17', STATUS: 'two\nlines\tand a tab' }),
      service.tell({ WATCHDOG: '1' }),
    ])
    expect(socket.heard.map(({ notice }) => notice)).toEqual([
      { READY: '1', STATUS: status },
      { RELOADING: '1', MONOTONIC_USEC: '17', STATUS: 'two lines and a tab' },
      { WATCHDOG: '1' },
    ])
  }
})

test('a socket that is gone is an error with a reason, and works again when it is back', async () => {
  const name = join(dir, 'notify')
  const service = manager(name)
  await expect(service.tell({ READY: '1' })).rejects.toThrow(/systemd-notify failed/)
  const socket = await listen(name)
  await service.tell({ READY: '1' })
  expect(socket.heard).toHaveLength(1)
})

test('from start to stop', async () => {
  const socket = await listen()
  const gateway = daemon({ NOTIFY_SOCKET: socket.name, WATCHDOG_USEC: '3000000' })
  const ready = await socket.until('READY', /^1$/)
  // Whoever waits for READY can use the control socket at once.
  expect(await gateway.client.call('status', {})).toMatchObject({ store: { healthy: true } })
  await socket.until('STATUS', /^running: 0 of 0 sessions online$/)
  const first = await socket.until('WATCHDOG', /^1$/, ready)
  await socket.until('WATCHDOG', /^1$/, first + 1)
  expect(await gateway.stop()).toBe(0)
  const stopping = await socket.until('STOPPING', /^1$/)
  expect(socket.heard.slice(ready + 1).filter(({ notice }) => 'READY' in notice)).toEqual([])
  expect(stopping).toBeGreaterThan(ready)
})

test('a start that waits for its store is extended, says why, and is not ready', async () => {
  const socket = await listen()
  daemon({
    NOTIFY_SOCKET: socket.name,
    WATCHDOG_USEC: '3000000',
    MINIO_ENDPOINT: '127.0.0.1',
    MINIO_PORT: '1',
    MINIO_ACCESS_KEY: 'a',
    MINIO_SECRET_KEY: 'b',
    WA_GATEWAY_ACK: 'remote',
    WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
  })
  await socket.until('STATUS', /the object store is away: .*ECONNREFUSED/)
  await socket.until('EXTEND_TIMEOUT_USEC', /^60000000$/)
  expect(socket.heard.filter(({ notice }) => 'READY' in notice)).toEqual([])
})

test('a refused start says why', async () => {
  const socket = await listen()
  const state = join(dir, 'state')
  const first = daemon({})
  await first.untilRunning()
  const second = daemon({ NOTIFY_SOCKET: socket.name, WA_GATEWAY_STATE_DIR: state })
  expect(await second.end()).toBe(9)
  await socket.until('STATUS', /^failed: .*state/)
})

test('a daemon whose service manager does not listen goes on, and says so once', async () => {
  const gateway = daemon({ NOTIFY_SOCKET: join(dir, 'nobody'), WATCHDOG_USEC: '3000000' })
  await gateway.untilRunning()
  expect(await gateway.stop()).toBe(0)
  expect(gateway.output.match(/systemd could not be told/g)).toHaveLength(1)
})
