import { afterEach, beforeEach, expect, test } from 'vitest'
import type { FaultRequest } from '../../../src/simulator/faults.ts'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, pair, strictCertificates, until } from '../../support/bare-client.ts'

const USER = '15550001'

let simulator: Simulator
let lax: () => void

beforeEach(async () => {
  lax = strictCertificates()
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
  lax()
})

const CODES: [fault: FaultRequest, code: number][] = [
  [{ kind: 'failure', reason: 401 }, 401],
  [{ kind: 'failure', reason: 403 }, 403],
  [{ kind: 'failure', reason: 405 }, 405],
  [{ kind: 'failure', reason: 503 }, 503],
  [{ kind: 'conflict' }, 440],
  [{ kind: 'device-removed' }, 401],
  [{ kind: 'stream-error', code: 503 }, 503],
  [{ kind: 'stream-error', code: 515 }, 515],
  [{ kind: 'drop' }, 428],
  [{ kind: 'drop', afterFrames: 1 }, 428],
  [{ kind: 'untrusted' }, 400],
  [{ kind: 'silent-handshake' }, 408],
  [{ kind: 'reset' }, 408],
]

test.for(CODES)('%o is seen as %i, once', async ([fault, code]) => {
  const client = await pair(simulator, USER)
  await client.end()
  await simulator.inject(fault)
  const struck = new Client(simulator, client.auth, { connectTimeoutMs: 300 })
  expect(await struck.closedWith()).toBe(code)
  const healed = await new Client(simulator, client.auth).opened()
  await healed.end()
})

test('a fault strikes live connections of one user only', async () => {
  const one = await pair(simulator, USER)
  const two = await pair(simulator, '15550002')
  await simulator.inject({ kind: 'stream-error', code: 503, user: USER, when: 'now' })
  expect(await one.closedWith()).toBe(503)
  expect(two.state).toBe('open')
  await two.end()
})

test('a fault strikes N times, or until cleared', async () => {
  const client = await pair(simulator, USER)
  await client.end()
  await simulator.inject({ kind: 'failure', reason: 403, user: USER, times: 2 })
  for (let i = 0; i < 2; i++) {
    expect(await new Client(simulator, client.auth).closedWith()).toBe(403)
  }
  await (await new Client(simulator, client.auth).opened()).end()
  await simulator.inject({ kind: 'failure', reason: 403, times: 'always' })
  for (let i = 0; i < 3; i++) {
    expect(await new Client(simulator, client.auth).closedWith()).toBe(403)
  }
  await simulator.clearFaults()
  await (await new Client(simulator, client.auth).opened()).end()
  expect(simulator.report().connections.rejectedLogins).toBe(5)
})

test('nobody listens while connections are refused', async () => {
  const client = await pair(simulator, USER)
  await simulator.inject({ kind: 'refuse' })
  expect(client.state).toBe('open')
  await client.end()
  const refused = new Client(simulator, client.auth)
  await refused.closedWith()
  expect(refused.closed?.message).toContain('ECONNREFUSED')
  await simulator.clearFaults()
  await (await new Client(simulator, client.auth).opened()).end()
})

test('a silent server takes nothing away, and is noticed by the keep-alive', async () => {
  const client = await pair(simulator, USER)
  await client.end()
  await until(() => simulator.devices(USER).every((device) => !device.online))
  await simulator.inject({ kind: 'silence' })
  const struck = new Client(simulator, client.auth, { keepAliveIntervalMs: 50 })
  await until(() => simulator.devices(USER).some((device) => device.online))
  const id = await simulator.contact('44770001').send(USER, 'heard later')
  expect(await struck.closedWith()).toBe(408)
  const healed = await new Client(simulator, client.auth).opened()
  expect(await simulator.contact('44770001').waitForReceipt(id)).toMatchObject({ id })
  await healed.end()
})

test('a slow server still answers everything', async () => {
  const client = await pair(simulator, USER)
  await client.end()
  await simulator.inject({ kind: 'slow', ms: 40 })
  const slow = await new Client(simulator, client.auth).opened()
  await simulator.contact('44770001').send(USER, 'late')
  await until(() => slow.texts.includes('late'))
  expect(simulator.report().connections.protocolErrors).toBe(0)
  await slow.end()
})

test('the older of two connections is replaced, and the clash is on record', async () => {
  const older = await pair(simulator, USER)
  const newer = await new Client(simulator, older.auth.copy()).opened()
  expect(await older.closedWith()).toBe(440)
  expect(newer.state).toBe('open')
  expect(simulator.report()).toMatchObject({
    connections: { concurrentDuplicates: 1, online: 1 },
    details: { duplicateConnections: [{ device: `${USER}:1` }] },
  })
  await newer.end()
})

test('a client that speaks something else is cut off and noted', async () => {
  const socket = new WebSocket(simulator.url)
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
  socket.send(Buffer.from('GET / HTTP/1.1'))
  await closed
  expect(simulator.report().details.protocolErrors[0]).toContain("not 'WA' and a version")
})
