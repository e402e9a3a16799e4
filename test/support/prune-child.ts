import { setTimeout as sleep } from 'node:timers/promises'
import { openAuthStore } from '../../src/authstate/open.ts'
import type { AuthHandle, AuthStore } from '../../src/authstate/port.ts'
import { StoreReplica } from '../../src/replica/replica.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { StoreConfig } from '../../src/store/open.ts'
import type { ObjectStore } from '../../src/store/port.ts'
import { seeded } from './random.ts'

/** What a process of the pruning loop is started with, as JSON. */
export interface PruneChild {
  store: StoreConfig
  stateDir: string
  worker: string
  seed: number
  /** What it holds and writes; one without any only prunes and collects. */
  sessions: string[]
}

/** What it prints, a line each, before it does anything else. */
export type PruneEvent =
  | { type: 'claimed'; id: string; seq: number; values: Record<string, string> }
  | { type: 'acked'; id: string; seq: number }
  | { type: 'named'; id: string; name: string }
  | { type: 'dropping'; id: string; name: string }
  | { type: 'did'; what: string }
  | { type: 'failed'; what: string; code: string; message: string }

const QUICK = { own: 30, other: 60, poll: 10 }
/** Values of a session: change `seq` writes one of them. */
const KEYS = 13
const RETENTION = { keepLast: 3, keepHourly: 0, keepDaily: 0, keepWithin: 0 }
/** What the state of the other sessions or workers may bring about. */
const EXPECTED = /^(usage$|store\.|replica\.(fenced|owned-elsewhere|missing)|session\.busy)/

/** The value that change `seq` of a session writes, and where. */
export function changeOf(id: string, seq: number): { key: string; value: string } {
  return { key: String(seq % KEYS), value: `${id} ${seq}` }
}

function tell(event: PruneEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

class Worker {
  readonly #auth: AuthStore
  readonly #replica: StoreReplica
  readonly #random: () => number
  readonly #name: string
  #names = 0

  constructor(auth: AuthStore, replica: StoreReplica, name: string, random: () => number) {
    this.#auth = auth
    this.#replica = replica
    this.#name = name
    this.#random = random
  }

  async run(sessions: string[]): Promise<void> {
    await this.#replica.start()
    const lives = sessions.map((id) => this.#live(id))
    await Promise.all([...lives, this.#prune(), this.#collect()])
  }

  /** Claims, writes and folds, gives the session up, and begins anew. */
  async #live(id: string): Promise<void> {
    for (;;) {
      const handle = await this.#open(id)
      let open = true
      const isOpen = () => open
      const writing = this.#write(id, handle, isOpen)
      for (let turn = 0; turn < 12; turn++) {
        await this.#pause(60)
        await this.#try('fold', () => this.#fold(id))
      }
      open = false
      await writing
      await handle.close()
      const store = this.#random() < 0.5
      await this.#try('release', () => this.#replica.release(id, { store }))
      await this.#pause(150)
    }
  }

  async #open(id: string): Promise<AuthHandle> {
    for (;;) {
      const outcome = await this.#try('claim', () =>
        this.#replica.claim({ sessionId: id, assigned: true, takeOver: true }),
      )
      if (outcome?.kind === 'claimed') break
      if (outcome?.cause === 'no-state') return this.#pair(id)
      if (outcome !== undefined)
        tell({ type: 'failed', what: 'claim', code: outcome.cause, message: outcome.detail })
      await this.#pause(50)
    }
    const handle = await this.#auth.open(id)
    const keys = Array.from({ length: KEYS }, (_, n) => String(n))
    const found = await handle.state.keys.get('session', keys)
    const values = Object.entries(found).map(([key, value]) => [key, String(value)])
    tell({ type: 'claimed', id, seq: handle.seq, values: Object.fromEntries(values) })
    return handle
  }

  async #pair(id: string): Promise<AuthHandle> {
    // Loaded by the few that pair: the others start in half the time.
    const { initAuthCreds } = await import('@whiskeysockets/baileys')
    await this.#auth.create(id, initAuthCreds())
    await this.#replica.claim({ sessionId: id, assigned: true, create: true })
    const handle = await this.#auth.open(id)
    handle.state.creds.account = { details: Buffer.from('linked') }
    await handle.saveCreds()
    await this.#try('fold', () => this.#replica.fold(id, 'paired'))
    tell({ type: 'claimed', id, seq: handle.seq, values: {} })
    return handle
  }

  async #write(id: string, handle: AuthHandle, isOpen: () => boolean): Promise<void> {
    while (isOpen()) {
      const seq = handle.seq + 1
      const { key, value } = changeOf(id, seq)
      await handle.state.keys.set({ session: { [key]: Buffer.from(value) } })
      tell({ type: 'acked', id, seq })
      await this.#pause(4)
    }
  }

  async #fold(id: string): Promise<void> {
    const luck = this.#random()
    if (luck < 0.6) await this.#replica.fold(id, 'interval')
    else if (luck < 0.7) await this.#replica.tidy(id, { intervalMs: 0 })
    else {
      const name = `${this.#name}-${this.#names++}`
      await this.#replica.fold(id, 'manual', undefined, name)
      tell({ type: 'named', id, name })
    }
  }

  async #prune(): Promise<void> {
    for (;;) {
      await this.#try('prune', async () => {
        const keepLast = Math.floor(this.#random() * 3)
        const policy = { ...RETENTION, keepLast }
        await this.#replica.prune({ policy }, ({ outcome, dropped, leftovers, detail = '' }) => {
          if (dropped.length > 0) tell({ type: 'did', what: 'dropped' })
          if (leftovers > 0) tell({ type: 'did', what: 'swept' })
          if (outcome === 'failed')
            tell({ type: 'failed', what: 'prune', code: outcome, message: detail })
        })
      })
      if (this.#random() < 0.3) await this.#try('drop', () => this.#dropNames())
      await this.#pause(30)
    }
  }

  /** Lets half of the names go where there are many: from the word on nobody relies on them. */
  async #dropNames(): Promise<void> {
    for (const { sessionId: id } of this.#auth.list()) {
      if (!this.#replica.holds(id)) continue
      const named = (await this.#replica.backups(id)).flatMap(({ name }) => name ?? [])
      if (named.length < 5) continue
      const dropNamed = named.filter(() => this.#random() < 0.5)
      for (const name of dropNamed) tell({ type: 'dropping', id, name })
      await this.#replica.prune({ sessionIds: [id], dropNamed }, () => {})
    }
  }

  async #collect(): Promise<void> {
    for (;;) {
      const gone = await this.#try('collect', () => this.#replica.collect())
      if (gone !== undefined && gone > 0) tell({ type: 'did', what: 'collected' })
      await this.#pause(100)
    }
  }

  async #try<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      if (!EXPECTED.test(error.code))
        tell({ type: 'failed', what, code: error.code, message: error.message })
      return undefined
    }
  }

  #pause(ms: number): Promise<void> {
    return sleep(this.#random() * ms)
  }
}

/** Only what the store at hand needs is loaded. */
async function openLean(config: StoreConfig): Promise<ObjectStore> {
  if (config.kind === 'folder')
    return (await import('../../src/store/folder.ts')).openFolderStore(config.dir)
  return (await import('../../src/store/s3.ts')).openS3Store(config)
}

async function main({ store: config, stateDir, worker, seed, sessions }: PruneChild) {
  const auth = await openAuthStore({ stateDir, ack: 'remote' })
  const store = await openLean(config)
  const replica = new StoreReplica({
    store,
    auth,
    worker,
    silenceTiming: QUICK,
    shipWindowMs: 10,
    pointInTimeHours: 0,
    retention: RETENTION,
  })
  await new Worker(auth, replica, worker, seeded(seed)).run(sessions)
}

const [, script, options] = process.argv
if (script !== undefined && options !== undefined && import.meta.url.endsWith(script))
  await main(JSON.parse(options) as PruneChild)
