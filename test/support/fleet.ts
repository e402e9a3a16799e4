import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  BufferJSON,
  Curve,
  type AuthenticationCreds,
  type SignalDataSet,
} from '@whiskeysockets/baileys'
import PQueue from 'p-queue'
import { openAuthStore } from '../../src/authstate/open.ts'
import { openSqliteRegistry } from '../../src/registry/sqlite.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import type { Sealer } from '../../src/replica/sealer.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { pair } from './bare-client.ts'

/** A paired account as a client holds it. */
interface Account {
  id: string
  user: string
  creds: AuthenticationCreds
}

/** Many accounts that one pairing made: each with a phone and a Noise key of its own. */
export interface Fleet {
  accounts: Account[]
  /** Every account's keys: a real client's pre-keys, and ratchets of contacts that nobody is. */
  keys: SignalDataSet
}

const TEMPLATE_NUMBER = '15559999999'
const FIRST_NUMBER = 15_560_000_000
const STORED_AT_ONCE = 8

export interface FleetOptions {
  /** Sessions of 1.2 KB with contacts; none by default. */
  ratchets?: number
  /** The phone number of a session. */
  userOf?: (id: string, n: number) => string
}

/** Accounts without a pairing for each, which takes a second of processor time. */
export async function makeFleet(
  simulator: Simulator,
  ids: readonly string[],
  { ratchets = 0, userOf = (_, n) => String(FIRST_NUMBER + n) }: FleetOptions = {},
): Promise<Fleet> {
  const first = await pair(simulator, TEMPLATE_NUMBER)
  await first.end()
  const [template] = simulator.phone(TEMPLATE_NUMBER).devices
  if (template === undefined) throw new Error('the first account was not paired')
  const preKeys = await first.auth.state.keys.get(
    'pre-key',
    Array.from({ length: 812 }, (_, k) => `${k + 1}`),
  )
  const session = Object.fromEntries(
    Array.from({ length: ratchets }, (_, k) => [`4477${k}.0`, randomBytes(1_200)]),
  )
  const accounts = ids.map((id, n): Account => {
    const user = userOf(id, n)
    const noise = Curve.generateKeyPair()
    const device = simulator
      .phone(user)
      .adopt({ ...template.keys, noise: Buffer.from(noise.public) }, template.preKeys)
    const me = { id: device.jid, lid: device.lidJid, name: '~' }
    return { id, user, creds: { ...copy(first.auth.creds), noiseKey: noise, me } }
  })
  return { accounts, keys: { 'pre-key': preKeys, session } }
}

function copy(creds: AuthenticationCreds): AuthenticationCreds {
  const text = JSON.stringify(creds, BufferJSON.replacer)
  return JSON.parse(text, BufferJSON.reviver) as AuthenticationCreds
}

export interface Home {
  stateDir: string
  store: ObjectStore
  worker: string
  sealer?: Sealer
}

/** Leaves the fleet as a worker of this name leaves its sessions when it stops. */
export async function putIntoStore(fleet: Fleet, home: Home): Promise<void> {
  const auth = await openAuthStore({ stateDir: home.stateDir })
  const replica = new StoreReplica({ ...home, auth })
  const { registry } = await openSqliteRegistry({ file: join(home.stateDir, 'registry.db') })
  const queue = new PQueue({ concurrency: STORED_AT_ONCE })
  await queue.addAll(
    fleet.accounts.map(({ id, user, creds }) => async () => {
      const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
      if (claim.kind !== 'claimed') throw new Error(claim.detail)
      await auth.create(id, creds, claim.base)
      const handle = await auth.open(id)
      await handle.state.keys.set(fleet.keys)
      await handle.close()
      await replica.fold(id, 'manual')
      await replica.release(id, { store: true })
      await registry.save(id, {
        desired: 'running',
        assignedBy: 'local',
        lastState: 'closed',
        phone: user,
        pairedAt: Date.now(),
      })
    }),
  )
  await registry.close()
  await replica.stop()
  await auth.close()
}
