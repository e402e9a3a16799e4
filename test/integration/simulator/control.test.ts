import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, MemoryAuth, until } from '../../support/bare-client.ts'

const USER = '15550001'

let simulator: Simulator

beforeEach(async () => {
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
})

async function call(method: string, path: string, body?: unknown) {
  const response = await fetch(`${simulator.controlUrl}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: await response.json() }
}

test('another process pairs, sends, reads and asks for the report', async () => {
  expect(await call('GET', '/')).toEqual({
    status: 200,
    json: { simulator: 'wa-gateway', url: simulator.url, root: simulator.rootHex },
  })
  const auth = new MemoryAuth()
  const first = new Client(simulator, auth)
  const scanned = await call('POST', `/phones/${USER}/scan`, { qr: await first.qr() })
  expect(scanned).toMatchObject({ status: 200, json: { device: `${USER}:1`, online: false } })
  await first.closedWith()
  const client = await new Client(simulator, auth).opened()

  const sent = await call('POST', '/contacts/44770001/send', { to: USER, text: 'over HTTP' })
  expect(sent.status).toBe(200)
  await until(() => client.texts.includes('over HTTP'))
  await client.socket.sendMessage('44770001@s.whatsapp.net', { text: 'answer' })
  await simulator.contact('44770001').waitFor('answer')
  const messages = await call('GET', '/contacts/44770001/messages')
  expect(messages.json).toMatchObject([{ text: 'answer' }])
  expect((await call('GET', '/devices')).json).toMatchObject([
    { device: `${USER}:1`, online: true },
  ])
  expect((await call('GET', '/report')).json).toMatchObject({ connections: { logins: 1 } })

  await call('DELETE', `/phones/${USER}/devices/1`)
  expect(await client.closedWith()).toBe(401)
})

test('a code can be typed and a number chosen by the simulator', async () => {
  const auth = new MemoryAuth()
  const byCode = new Client(simulator, auth)
  await byCode.qr()
  const code = await byCode.socket.requestPairingCode(USER)
  expect(await call('POST', `/phones/${USER}/code`, { code })).toMatchObject({ status: 200 })
  expect(await byCode.closedWith()).toBe(515)

  const numbers = []
  for (let i = 0; i < 2; i++) {
    const client = new Client(simulator)
    const { json } = await call('POST', '/scan', { qr: await client.qr() })
    numbers.push(json)
    await client.closedWith()
  }
  expect(numbers).toMatchObject([{ device: '15550100000:1' }, { device: '15550100001:1' }])
})

test('what pairing prints is scanned while it is printed', async () => {
  const client = new Client(simulator)
  const first = JSON.stringify({ type: 'qr', qr: await client.qr() })
  const body = new TransformStream<Uint8Array, Uint8Array>()
  const writer = body.writable.getWriter()
  const text = new TextEncoder()
  const answer = fetch(`${simulator.controlUrl}/scan`, {
    method: 'PUT',
    body: body.readable,
    duplex: 'half',
  })
  await writer.write(text.encode(`${first}\n`))
  expect(await client.closedWith()).toBe(515)
  await writer.write(text.encode('{"type":"result","outcome":"paired"}\n'))
  await writer.close()
  expect(await (await answer).json()).toMatchObject({ device: '15550100000:1' })

  const nothing = await fetch(`${simulator.controlUrl}/scan`, { method: 'PUT', body: '' })
  expect(nothing.status).toBe(404)
})

test('faults are added, listed and cleared', async () => {
  const fault = { kind: 'failure', reason: 403, user: USER, times: 3 }
  expect(await call('POST', '/faults', fault)).toMatchObject({ status: 200, json: fault })
  expect((await call('GET', '/faults')).json).toMatchObject([{ ...fault, left: 3 }])
  expect((await call('DELETE', '/faults')).json).toEqual([])
  expect((await call('POST', '/faults', { kind: 'refuse' })).status).toBe(400)
  expect((await call('POST', '/faults', { kind: 'refuse', ms: 50 })).status).toBe(200)
  let back = false
  while (!back) {
    back = await call('GET', '/').then(
      () => true,
      () => false,
    )
  }
})

test('mistakes are told apart', async () => {
  const cases: [method: string, path: string, body: unknown, status: number, text: string][] = [
    ['POST', `/phones/${USER}/scan`, { qr: 'x' }, 400, 'no pairing QR code'],
    ['POST', `/phones/${USER}/scan`, {}, 400, 'qr'],
    ['POST', `/phones/${USER}/code`, { code: 'short' }, 400, '8 characters'],
    ['POST', '/contacts/1/send', { to: '2', text: 'x' }, 404, 'no linked device'],
    ['POST', '/faults', { kind: 'earthquake' }, 400, 'not a fault'],
    ['POST', '/faults', { kind: 'reset', user: USER }, 400, 'takes no user'],
    ['DELETE', `/phones/${USER}/devices/7`, undefined, 404, 'no device 7'],
    ['GET', '/nowhere', undefined, 404, 'no GET /nowhere'],
  ]
  for (const [method, path, body, status, text] of cases) {
    const { status: got, json } = await call(method, path, body)
    expect([path, got, JSON.stringify(json)]).toEqual([path, status, expect.stringContaining(text)])
  }
})

test('only loopback is bound', async () => {
  await expect(Simulator.start({ host: '0.0.0.0' })).rejects.toThrow('loopback only')
})
