import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, pair, until } from '../../support/bare-client.ts'

const BOB = '44770001'
const USER = '15550001'

let simulator: Simulator

beforeEach(async () => {
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
})

test('messages go both ways, with receipts', async () => {
  const client = await pair(simulator, USER)
  const bob = simulator.contact(BOB)

  const id = await bob.send(USER, 'hello')
  await until(() => client.texts.includes('hello'))
  expect(await bob.waitForReceipt(id)).toMatchObject({ from: `${USER}:1@s.whatsapp.net` })

  const sent = await client.socket.sendMessage(bob.jid, { text: 'hi bob' })
  expect(await bob.waitFor('hi bob')).toMatchObject({ id: sent?.key.id })
  await until(() => client.statuses.get(sent?.key.id ?? '') === 3)

  await bob.send(USER, 'second')
  await client.socket.sendMessage(bob.jid, { text: 'again' })
  await bob.waitFor('again')
  await until(() => client.texts.includes('second'))
  await until(() => simulator.report().inbound.acknowledged === 2)
  expect(simulator.report()).toMatchObject({
    inbound: { sent: 2, delivered: 2, undecryptable: 0, waiting: 0, lost: 0 },
    outbound: { received: 2, decrypted: 2, ownCopies: 2, undecryptable: 0, reusedCounters: 0 },
  })
  await client.end()
})

test('the gateway may write first, to somebody new', async () => {
  const client = await pair(simulator, USER)
  await client.socket.sendMessage(`${BOB}@s.whatsapp.net`, { text: 'first' })
  await simulator.contact(BOB).waitFor('first')
  expect(await client.socket.onWhatsApp(BOB, '999')).toEqual([
    { jid: `${BOB}@s.whatsapp.net`, exists: true },
  ])
  await client.end()
})

test('what was sent while a device was away arrives at its next login, in order', async () => {
  const client = await pair(simulator, USER)
  await client.end()
  await until(() => simulator.devices(USER).every((device) => !device.online))
  const texts = ['one', 'two', 'three', 'four']
  for (const text of texts) await simulator.contact(BOB).send(USER, text)
  expect(simulator.report().inbound).toMatchObject({ sent: 4, delivered: 0, waiting: 4, lost: 0 })

  const again = await new Client(simulator, client.auth).opened()
  await until(() => simulator.report().inbound.acknowledged === 4)
  expect(again.texts).toEqual(texts)
  await again.end()
})

test('a message that was not acknowledged is sent again', async () => {
  const client = await pair(simulator, USER)
  const before = client.auth.copy()
  await simulator.inject({ kind: 'drop', afterFrames: 0, user: USER, when: 'now' })
  await simulator.contact(BOB).send(USER, 'unacknowledged')
  await client.closedWith()
  expect(simulator.report().inbound).toMatchObject({ delivered: 1, acknowledged: 0, waiting: 1 })

  const again = await new Client(simulator, before).opened()
  await until(() => simulator.report().inbound.acknowledged === 1)
  expect(again.texts).toEqual(['unacknowledged'])
  expect(simulator.report().inbound).toMatchObject({ redeliveries: 1, waiting: 0, lost: 0 })
  await again.end()
})

test('two accounts write to each other, and their phones read along', async () => {
  const one = await pair(simulator, USER)
  const two = await pair(simulator, '15550002')
  await one.socket.sendMessage('15550002@s.whatsapp.net', { text: 'to the other account' })
  await until(() => two.texts.includes('to the other account'))
  await simulator.contact('15550002').waitFor('to the other account')
  await two.socket.sendMessage(`${USER}@s.whatsapp.net`, { text: 'and back' })
  await until(() => one.texts.includes('and back'))
  await until(() => simulator.report().inbound.acknowledged === 2)
  expect(simulator.report().inbound).toMatchObject({ sent: 2, undecryptable: 0, lost: 0 })
  await one.end()
  await two.end()
})
