import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, MemoryAuth, pair, strictCertificates, until } from '../../support/bare-client.ts'

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

test('a scanned QR code links a device: 515, then a login', async () => {
  const auth = new MemoryAuth()
  const first = new Client(simulator, auth)
  const device = await simulator.phone('15550001').scan(await first.qr())
  expect(await first.closedWith()).toBe(515)
  expect(auth.creds.me?.id).toBe(device.jid)
  expect(simulator.report().details.ghosts).toEqual(['15550001:1'])

  const second = await new Client(simulator, auth).opened()
  expect(second.auth.creds.me?.lid).toBe(device.lidJid)
  expect(device.online).toBe(true)
  expect(device.preKeys.size).toBeGreaterThan(800)
  await until(() => auth.creds.accountSyncCounter === 1)
  expect(Buffer.from(auth.creds.routingInfo ?? []).toString()).toBe('sim-edge')
  expect(simulator.report()).toMatchObject({
    connections: { pairings: 1, logins: 1, online: 1, protocolErrors: 0 },
    details: { ghosts: [] },
  })
  await second.end()
})

test('a QR code that nobody shows is refused', async () => {
  const client = new Client(simulator)
  const qr = await client.qr()
  await client.end()
  await expect(simulator.phone('15550001').scan('nonsense')).rejects.toThrow('no pairing QR code')
  await expect(simulator.phone('15550001').scan(qr, { afterMs: 200 })).rejects.toThrow(
    'no client shows this QR code any more',
  )
})

test('a phone links several devices and unlinks one', async () => {
  const one = await pair(simulator, '15550001')
  const two = await pair(simulator, '15550001')
  const phone = simulator.phone('15550001')
  expect(phone.devices.map(({ name }) => name)).toEqual(['15550001:1', '15550001:2'])
  const [first] = phone.devices
  if (first !== undefined) phone.unlink(first)
  expect(await one.closedWith()).toBe(401)
  expect(await new Client(simulator, one.auth).closedWith()).toBe(401)
  expect(two.state).toBe('open')
  await two.end()
})

test('a pairing code links a device, after a wrong one too', async () => {
  const auth = new MemoryAuth()
  const client = new Client(simulator, auth)
  await client.qr()
  const code = await client.socket.requestPairingCode('15557777')
  const wrong = code.startsWith('A') ? `B${code.slice(1)}` : `A${code.slice(1)}`
  const phone = simulator.phone('15557777')
  await expect(phone.enterCode(wrong)).rejects.toThrow('not the one that the client shows')
  const device = await phone.enterCode(code)
  expect(await client.closedWith()).toBe(515)
  const paired = await new Client(simulator, auth).opened()
  expect(paired.auth.creds.me?.id).toBe(device.jid)
  await paired.end()
})

test('a code whose client never asks is given up', async () => {
  const typing = simulator.phone('15557777').enterCode('ABCD1234', { timeoutMs: 20 })
  await expect(typing).rejects.toThrow('waited 20 ms in vain')
})

test('logging out unlinks the device', async () => {
  const client = await pair(simulator, '15550001')
  await client.socket.logout()
  expect(await client.closedWith()).toBe(401)
  expect(simulator.devices()).toEqual([])
  expect(simulator.report().connections.unlinks).toBe(1)
  expect(await new Client(simulator, client.auth).closedWith()).toBe(401)
})
