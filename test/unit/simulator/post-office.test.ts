import { beforeEach, expect, test } from 'vitest'
import { createChain } from '../../../src/simulator/certificate.ts'
import { Device } from '../../../src/simulator/device.ts'
import { Endpoint } from '../../../src/simulator/endpoint.ts'
import { sendText } from '../../../src/simulator/from-contact.ts'
import { child, childBytes, node, type Node } from '../../../src/simulator/nodes.ts'
import { takeAck, takeReceipt } from '../../../src/simulator/post-office.ts'
import { makeReport } from '../../../src/simulator/report.ts'
import { unlink } from '../../../src/simulator/unlink.ts'
import { World } from '../../../src/simulator/world.ts'

const chain = createChain()
const BOB = '44770001'
const TO_BOB = `${BOB}@s.whatsapp.net`

let world: World
let gateway: Endpoint
let device: Device
let answers: Node[]
const line = { send: (stanza: Node) => void answers.push(stanza) }

beforeEach(async () => {
  world = new World(chain)
  answers = []
  gateway = new Endpoint()
  const person = world.directory.person('15550001')
  const { preKey, ...keys } = gateway.bundle()
  device = new Device(
    { user: person.user, lid: person.lid, number: 1 },
    { ...keys, identity: keys.identityKey, noise: Buffer.alloc(32) },
  )
  device.preKeys.set(preKey.keyId, preKey.publicKey.toString('latin1'))
  person.devices.set(1, device)
  await sendText(world, world.directory.person(BOB), device, { id: 'A', text: 'one' })
})

function waiting(): Node[] {
  return device.mailbox.entries().map(([, stanza]) => stanza)
}

async function read(stanza: Node | undefined): Promise<string> {
  const enc = stanza && child(stanza, 'enc')
  const bytes = (stanza && childBytes(stanza, 'enc')) ?? Buffer.alloc(0)
  return (await gateway.decrypt(`${BOB}.0`, String(enc?.attrs['type']), bytes)).toString()
}

test('a receipt empties the mailbox, once', async () => {
  const receipt = node('receipt', { id: 'A', to: TO_BOB, type: 'inactive' })
  await takeReceipt(world, line, device, receipt)
  await takeReceipt(world, line, device, receipt)
  expect(waiting()).toEqual([])
  expect(answers.map(({ attrs }) => attrs['class'])).toEqual(['receipt', 'receipt'])
  expect(makeReport(world).inbound).toMatchObject({ sent: 1, acknowledged: 1, lost: 0 })
})

test('a list in a receipt acknowledges the others too', async () => {
  await sendText(world, world.directory.person(BOB), device, { id: 'B', text: 'two' })
  const list = node('list', {}, [node('item', { id: 'B' })])
  await takeReceipt(world, line, device, node('receipt', { id: 'A', to: TO_BOB }, [list]))
  expect(makeReport(world).inbound).toMatchObject({ acknowledged: 2, waiting: 0 })
})

test('a retry puts a new ciphertext into the mailbox, and its error takes nothing out', async () => {
  const [first] = waiting()
  await takeReceipt(world, line, device, node('receipt', { id: 'A', to: TO_BOB, type: 'retry' }))
  const error = node('ack', { id: 'A', class: 'message', to: TO_BOB, error: '500' })
  takeAck(world, device, error)
  const [second] = waiting()
  expect(second).not.toEqual(first)
  expect(await read(second)).toContain('one')
  expect(makeReport(world).inbound).toMatchObject({ undecryptable: 1, waiting: 1, lost: 0 })

  takeAck(world, device, error)
  expect(makeReport(world).inbound).toMatchObject({ refused: 1, waiting: 0, lost: 1 })
})

test('an unlinked device leaves nothing lost', () => {
  unlink(world, device)
  unlink(world, device)
  expect(makeReport(world)).toMatchObject({
    connections: { unlinks: 1 },
    inbound: { unlinked: 1, waiting: 0, lost: 0 },
  })
})
