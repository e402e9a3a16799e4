import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, type MemoryAuth, pair, until } from '../../support/bare-client.ts'

const BOB = '44770001'
const USER = '15550001'

let simulator: Simulator

beforeEach(async () => {
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
})

/** Lets a device go back to an older state, as a stale restore does. */
async function goBack(client: Client, to: MemoryAuth): Promise<Client> {
  await client.end()
  await until(() => simulator.devices(USER).every((device) => !device.online))
  return new Client(simulator, to, { enableRecentMessageCache: true }).opened()
}

async function roundTrip(client: Client, name: string): Promise<void> {
  await client.socket.sendMessage(`${BOB}@s.whatsapp.net`, { text: `${name} out` })
  await simulator.contact(BOB).waitFor(`${name} out`)
  await simulator.contact(BOB).send(USER, `${name} in`)
  await until(() => client.texts.includes(`${name} in`))
}

test('a device that lost its sessions asks again and gets the message', async () => {
  const client = await pair(simulator, USER)
  await roundTrip(client, 'first')
  const stripped = client.auth.copy()
  for (const key of stripped.values.keys()) {
    if (key.startsWith('session/')) stripped.values.delete(key)
  }
  const back = await goBack(client, stripped)
  const id = await simulator.contact(BOB).send(USER, 'read me')
  await until(() => back.texts.includes('read me'))
  await until(() => simulator.report().inbound.waiting === 0)
  const { inbound, details } = simulator.report()
  expect(inbound).toMatchObject({ undecryptable: 1, recovered: 1, refused: 0, lost: 0 })
  expect(details.troubledInbound).toMatchObject([{ id, fate: 'acknowledged' }])
  await back.end()
})

test('a ratchet that went back is found, and the contact asks for the message again', async () => {
  const client = await pair(simulator, USER)
  await roundTrip(client, 'first')
  const before = client.auth.copy()
  await client.socket.sendMessage(`${BOB}@s.whatsapp.net`, { text: 'forgotten' })
  await simulator.contact(BOB).waitFor('forgotten')
  const back = await goBack(client, before)
  await back.socket.sendMessage(`${BOB}@s.whatsapp.net`, { text: 'with an old key' })
  await simulator.contact(BOB).waitFor('with an old key')
  const { outbound, details } = simulator.report()
  expect(outbound.reusedCounters).toBeGreaterThan(0)
  expect(outbound.undecryptable).toBeGreaterThan(0)
  expect(details.reusedCounters[0]).toMatchObject({ device: `${USER}:1` })
  await until(() => simulator.report().details.undecryptable.every((each) => each.recovered))
  await back.end()
})

test('a message that is acknowledged with an error and not asked for again is lost', async () => {
  const client = await pair(simulator, USER)
  const bob = simulator.contact(BOB)
  await bob.send(USER, 'first')
  await until(() => simulator.report().inbound.acknowledged === 1)
  await simulator.inject({ kind: 'drop', afterFrames: 0, user: USER, when: 'now' })
  const id = await bob.send(USER, 'committed, never acknowledged')
  await until(() => client.texts.length === 2)
  const again = await new Client(simulator, client.auth).opened()
  await until(() => simulator.report().inbound.lost === 1)
  expect(simulator.report()).toMatchObject({
    inbound: { sent: 2, acknowledged: 1, refused: 1, waiting: 0 },
    details: { troubledInbound: [{ id, fate: 'refused', refusal: '487' }] },
  })
  await again.end()
})

test('pre-keys that run low are asked for', async () => {
  const client = await pair(simulator, USER)
  const [device] = simulator.devices(USER)
  if (device === undefined) throw new Error('not paired')
  for (const id of [...device.preKeys.keys()].slice(5)) device.preKeys.delete(id)
  await simulator.contact(BOB).send(USER, 'takes one of five')
  await until(() => device.preKeys.size >= 5)
  expect(simulator.report().connections.protocolErrors).toBe(0)
  await client.end()
})
