import { afterEach, beforeEach, expect, test } from 'vitest'
import { Simulator } from '../../../src/simulator/simulator.ts'
import { Client, pair, until } from '../../support/bare-client.ts'

const ACCOUNTS = 25
const ROUNDS = 4

let simulator: Simulator

beforeEach(async () => {
  simulator = await Simulator.start()
})

afterEach(async () => {
  await simulator.stop()
})

test('a hundred logins of paired devices, at once in each round, and all are reached', async () => {
  const users = Array.from({ length: ACCOUNTS }, (_, index) => String(15_550_000 + index))
  const paired = await Promise.all(users.map((user) => pair(simulator, user)))
  await Promise.all(paired.map((client) => client.end()))
  await until(() => simulator.report().connections.online === 0)

  const bob = simulator.contact('44770001')
  for (let round = 1; round <= ROUNDS; round++) {
    await Promise.all(users.map((user) => bob.send(user, `round ${round}`)))
    const clients = await Promise.all(
      paired.map(({ auth }) => new Client(simulator, auth).opened()),
    )
    await until(() => simulator.report().inbound.acknowledged === round * ACCOUNTS)
    expect(clients.map(({ texts }) => texts)).toEqual(users.map(() => [`round ${round}`]))
    await Promise.all(clients.map((client) => client.end()))
    await until(() => simulator.report().connections.online === 0)
  }
  expect(simulator.report()).toMatchObject({
    connections: {
      pairings: ACCOUNTS,
      logins: ACCOUNTS * (ROUNDS + 1),
      concurrentDuplicates: 0,
      protocolErrors: 0,
    },
    inbound: { sent: ACCOUNTS * ROUNDS, undecryptable: 0, waiting: 0, lost: 0 },
    details: { ghosts: [] },
  })
}, 120_000)
