import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { expect, onTestFinished, test } from 'vitest'
import { openAuthStore } from '../../src/authstate/open.ts'
import type { AuthStore } from '../../src/authstate/port.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { openFolderStore } from '../../src/store/folder.ts'
import { temporaryDirectory } from '../support/authstate.ts'
import { seeded } from '../support/random.ts'

const CLAIMANTS = 50
const LONG = process.env['WA_GATEWAY_CHAOS_ROUNDS'] !== undefined
const ROUNDS = LONG ? 100 : 4
const SEED = Number(process.env['WA_GATEWAY_CHAOS_SEED'] ?? 1)
const ID = 'shop'
const QUICK = { own: 30, other: 60, poll: 10 }

/** Workers with disks of their own, all of which want the same session. */
class Claimants {
  readonly #store: ObjectStore
  readonly #auths: AuthStore[]
  readonly #random = seeded(SEED)
  /** Keys that were acknowledged, in all rounds. */
  readonly #acknowledged: string[] = []
  claims = 0

  constructor(store: ObjectStore, auths: AuthStore[]) {
    this.#store = store
    this.#auths = auths
  }

  /** The session as a worker leaves it that is killed after its pairing. */
  async pair(auth: AuthStore): Promise<void> {
    const replica = this.#replica(auth, 'first')
    await auth.create(ID, initAuthCreds())
    const claim = await replica.claim({ sessionId: ID, assigned: true, create: true })
    assert.equal(claim.kind, 'claimed')
    const handle = await auth.open(ID)
    handle.state.creds.account = { details: Buffer.from('linked') }
    await handle.saveCreds()
    await replica.fold(ID, 'paired')
    await handle.close()
    await replica.stop()
  }

  /** All of them claim, at about the same time; then whoever believes to have it writes. */
  async round(round: number): Promise<void> {
    const replicas = this.#auths.map((auth, n) => this.#replica(auth, `w${n}`))
    const claims = replicas.map(async (replica) => {
      await sleep(this.#random() * 50)
      const outcome = await replica.claim({ sessionId: ID, assigned: true })
      return outcome.kind === 'claimed' ? outcome.epoch : undefined
    })
    const settled = await Promise.allSettled(claims)
    for (const outcome of settled) if (outcome.status === 'rejected') unlessBeaten(outcome.reason)
    const epochs = settled.flatMap((one) =>
      one.status === 'fulfilled' && one.value !== undefined ? [one.value] : [],
    )
    this.claims += epochs.length
    assert.equal(new Set(epochs).size, epochs.length)

    const wrote = await Promise.all(
      this.#auths.map((auth, n) => this.#write(auth, replicas[n], `${round}-${n}`)),
    )
    const owners = wrote.flatMap((did, n) => (did ? [n] : []))
    assert.equal(owners.length, 1)
    const [owner = -1] = owners
    const record = await replicas[owner]?.owner(ID)
    assert.equal(record?.worker, `w${owner}`)
    assert.equal(record.epoch, Math.max(...epochs))
    this.#acknowledged.push(`${round}-${owner}`)
    await this.#hasAll(this.#auths[owner])
    for (const replica of replicas) await replica.stop()
  }

  /** Whether a change of this worker was acknowledged. */
  async #write(auth: AuthStore, replica: StoreReplica | undefined, key: string): Promise<boolean> {
    if (replica?.holds(ID) !== true) return false
    const handle = await auth.open(ID)
    try {
      // Never settles for a worker that lost the session.
      void handle.state.keys.set({ session: { [key]: Buffer.from(key) } })
      await handle.whenDurable()
      await replica.ship({ sessionIds: [ID] })
      return handle.ackSeq === handle.seq
    } catch (error) {
      unlessBeaten(error)
      return false
    } finally {
      await handle.close()
    }
  }

  async #hasAll(auth: AuthStore | undefined): Promise<void> {
    const handle = await auth?.open(ID)
    const found = await handle?.state.keys.get('session', this.#acknowledged)
    assert.deepEqual(Object.keys(found ?? {}).toSorted(), this.#acknowledged.toSorted())
    await handle?.close()
  }

  #replica(auth: AuthStore, worker: string): StoreReplica {
    return new StoreReplica({ store: this.#store, auth, worker, silenceTiming: QUICK })
  }
}

/** What a claimant may be told when another was faster. */
function unlessBeaten(error: unknown): void {
  if (error instanceof GatewayError && /^(replica|session|store)\./.test(error.code)) return
  throw error
}

test(
  `${CLAIMANTS} claimants: one owner, in each of ${ROUNDS} rounds (seed ${SEED})`,
  async () => {
    const dir = temporaryDirectory()
    const store = await openFolderStore(join(dir, 'objects'))
    onTestFinished(() => store.close())
    const auths: AuthStore[] = []
    for (let n = 0; n < CLAIMANTS; n++) {
      const stateDir = join(dir, `disk-${n}`)
      mkdirSync(stateDir)
      const auth = await openAuthStore({ stateDir, ack: 'remote' })
      onTestFinished(() => auth.close())
      auths.push(auth)
    }
    const [first] = auths
    if (first === undefined) throw new Error('unreachable')
    const claimants = new Claimants(store, auths)
    await claimants.pair(first)
    for (let round = 0; round < ROUNDS; round++) await claimants.round(round)
    process.stdout.write(`${JSON.stringify({ rounds: ROUNDS, claims: claimants.claims })}\n`)
    expect(claimants.claims).toBeGreaterThanOrEqual(ROUNDS)
  },
  60_000 + ROUNDS * 30_000,
)
