import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, pair, until } from './client.ts'

const SESSIONS = 100
const AT_ONCE = 10

let simulator: Simulator

beforeEach(async () => {
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
})

async function inBatches(job: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < SESSIONS) await job(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

test('a hundred accounts are paired, log in again and are all reached', async () => {
  const clients: Client[] = []
  await inBatches(async (index) => {
    const client = await pair(simulator, String(15_550_000 + index))
    await client.end()
    clients.push(client)
  })
  const online: Client[] = []
  await inBatches(async (index) => {
    const paired = clients[index]
    if (paired !== undefined) online.push(await new Client(simulator, paired.auth).opened())
  })
  expect(simulator.report().connections).toMatchObject({
    pairings: SESSIONS,
    logins: 2 * SESSIONS,
    online: SESSIONS,
    concurrentDuplicates: 0,
    protocolErrors: 0,
  })
  const bob = simulator.contact('44770001')
  await Promise.all(simulator.devices().map((device) => bob.send(device, `to ${device.user}`)))
  await until(() => simulator.report().inbound.acknowledged === SESSIONS)
  expect(online.every((client) => client.texts.length === 1)).toBe(true)
  await Promise.all(online.map((client) => client.end()))
  await until(() => simulator.report().connections.online === 0)
}, 120_000)
