/*
 * Verification of a folder store, encrypted, and what it costs beyond reading.
 *
 *   floor    reads and decrypts the same objects, as many at a time, and does nothing else
 *   verify   `backup verify --all --read-data`, as the daemon does it
 *   list     `wa-gateway backup list` of a daemon that has all the sessions, start to end
 *
 * `node bench/verify.ts [sessions] [keys]`
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { initAuthCreds } from '@whiskeysockets/baileys'
import PQueue from 'p-queue'
import { openAuthStore } from '../src/authstate/open.ts'
import { openSqliteRegistry } from '../src/registry/sqlite.ts'
import { systemClock } from '../src/replica/clock.ts'
import { openOrCreateKeyring } from '../src/replica/crypto/create.ts'
import { keyEncryptionKey } from '../src/replica/crypto/key.ts'
import { encryptingSealer } from '../src/replica/crypto/sealer.ts'
import { readHead, type ObjectAddress } from '../src/replica/object.ts'
import { StoreReplica } from '../src/replica/replica.ts'
import type { Sealer } from '../src/replica/sealer.ts'
import { openFolderStore } from '../src/store/folder.ts'
import type { ObjectStore } from '../src/store/port.ts'
import { reviveForBaileys } from '../src/whatsapp/revive.ts'
import build from '../test/support/build.ts'
import { BIN, GatewayProcess } from '../test/support/gateway.ts'
import { SeenInMemory } from '../test/support/keyring.ts'
import type { Row } from './report.ts'
import { signalSession } from './signal-session.ts'

const WORKER = 'bench'
/** Objects at a time, for the floor; sessions at a time are for `verify` to choose. */
const CONCURRENCY = 4
/** Each contender has its turn so often; the fastest counts. */
const TURNS = 5

interface Job {
  dir: string
  key: string
  sessions: number
  keys: number
}

const run = promisify(execFile)
const idOf = (i: number) => `session-${i}`
const objectsOf = ({ dir }: Job) => join(dir, 'objects')

async function parts(job: Job): Promise<{ store: ObjectStore; sealer: Sealer }> {
  const store = await openFolderStore(objectsOf(job))
  const keks = [keyEncryptionKey(Buffer.from(job.key, 'hex'))] as const
  const keyring = await openOrCreateKeyring(
    { store, keks, seen: new SeenInMemory(), clock: systemClock },
    false,
  )
  return { store, sealer: encryptingSealer(keyring) }
}

const RECEIVING = { type: 2, skipped: 0 } as const
const ratchet = (): Uint8Array => signalSession([RECEIVING, RECEIVING])

/** Each session: a kept snapshot, a newer one, and a tail in the log. */
async function prepare(job: Job): Promise<void> {
  const stateDir = join(job.dir, 'state')
  const { store, sealer } = await parts(job)
  const auth = await openAuthStore({ stateDir })
  const replica = new StoreReplica({ store, sealer, auth, worker: WORKER })
  await replica.start()
  const preKeys = Math.min(812, job.keys)
  const queue = new PQueue({ concurrency: 8 })
  const pair = () => ({ public: randomBytes(32), private: randomBytes(32) })
  await queue.addAll(
    Array.from({ length: job.sessions }, (_, i) => async () => {
      const id = idOf(i)
      const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
      if (claim.kind !== 'claimed') throw new Error(claim.detail)
      await auth.create(id, initAuthCreds(), claim.base)
      const handle = await auth.open(id)
      Object.assign(handle.state.creds, {
        account: { details: randomBytes(40) },
        me: { id: `4915100${i}:1@s.whatsapp.net` },
        nextPreKeyId: preKeys + 1,
        firstUnuploadedPreKeyId: preKeys + 1,
      })
      await handle.saveCreds()
      await handle.state.keys.set({
        'pre-key': Object.fromEntries(
          Array.from({ length: preKeys }, (_, k) => [`${k + 1}`, pair()]),
        ),
        session: Object.fromEntries(
          Array.from({ length: job.keys - preKeys }, (_, k) => [`447700${k}.0`, ratchet()]),
        ),
      })
      await replica.fold(id, 'manual')
      await handle.state.keys.set({ session: { '4477000.0': ratchet() } })
      await replica.fold(id, 'interval')
      for (let n = 0; n < 3; n++)
        await handle.state.keys.set({ session: { '4477001.0': ratchet() } })
      await handle.close()
      await replica.release(id, { store: false })
    }),
  )
  await replica.stop()
  await auth.close()
  await store.close()
  const { registry } = await openSqliteRegistry({ file: join(stateDir, 'registry.db') })
  for (let i = 0; i < job.sessions; i++) await registry.save(idOf(i), { desired: 'paused' })
  await registry.close()
}

async function names(store: ObjectStore): Promise<string[]> {
  const found: string[] = []
  for (const prefix of ['v1/sessions/', 'v1/workers/'])
    for await (const { name } of store.list(prefix)) found.push(name)
  return found
}

function addressOf(name: string, bytes: Uint8Array): ObjectAddress {
  const { kind } = readHead({ name, kind: 'owner' }, bytes)
  if (kind === undefined) throw new Error(`${name} is of no known kind`)
  return { name, kind }
}

async function floor(job: Job): Promise<Row> {
  const { store, sealer } = await parts(job)
  const queue = new PQueue({ concurrency: CONCURRENCY })
  let bytes = 0
  const began = performance.now()
  for (const name of await names(store)) {
    await queue.onSizeLessThan(CONCURRENCY)
    void queue.add(async () => {
      const object = await store.get(name)
      if (object === undefined) throw new Error(`${name} is missing`)
      sealer.open(addressOf(name, object.bytes), object.bytes)
      bytes += object.bytes.length
    })
  }
  await queue.onIdle()
  return { name: 'floor', ...figures(began), 'MB read': Math.round(bytes / 1e6) }
}

async function verify(job: Job): Promise<Row> {
  const { store, sealer } = await parts(job)
  const stateDir = await mkdtemp(join(tmpdir(), 'wa-bench-verify-'))
  const auth = await openAuthStore({ stateDir, revive: reviveForBaileys })
  const replica = new StoreReplica({ store, sealer, auth, worker: WORKER })
  let sound = 0
  const began = performance.now()
  await replica.verify({ readData: true }, ({ outcome, ...check }) => {
    if (outcome !== 'sound') throw new Error(JSON.stringify(check))
    sound++
  })
  const found = figures(began)
  if (sound < job.sessions) throw new Error(`${sound} sound`)
  await replica.stop()
  await auth.close()
  await rm(stateDir, { recursive: true })
  return { name: 'verify', ...found, 'MB read': '' }
}

async function list(job: Job): Promise<Row> {
  const env = {
    WA_GATEWAY_STATE_DIR: join(job.dir, 'state'),
    WA_GATEWAY_SOCKET: join(job.dir, 'control.sock'),
    WA_GATEWAY_STORAGE_DIR: objectsOf(job),
    WA_GATEWAY_ENCRYPTION_KEY: job.key,
    WORKER_ID: WORKER,
    SESSION_RECOVERY_ENABLED: 'false',
    LOG_LEVEL: 'error',
  }
  const gateway = await GatewayProcess.start(env)
  try {
    const began = performance.now()
    const { stdout } = await run(process.execPath, [BIN, 'backup', 'list'], {
      env: { ...process.env, WA_GATEWAY_SOCKET: env.WA_GATEWAY_SOCKET },
      maxBuffer: 64 * 1024 * 1024,
    })
    const seconds = (performance.now() - began) / 1_000
    const lines = stdout.trim().split('\n').length - 1
    if (lines < job.sessions) throw new Error(`${lines} backups were listed`)
    return { name: `list (${lines} backups)`, seconds, 'peak RSS, MB': '', 'MB read': '' }
  } finally {
    await gateway.stop()
  }
}

function figures(began: number): { seconds: number; 'peak RSS, MB': number } {
  const seconds = (performance.now() - began) / 1_000
  return { seconds, 'peak RSS, MB': Math.round(process.resourceUsage().maxRSS / 1e3) }
}

const CONTENDERS = { floor, verify, list }

async function measure(): Promise<void> {
  const [sessions = 500, keys = 1_000] = process.argv.slice(2).map(Number)
  build()
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-verify-'))
  const job: Job = { dir, key: randomBytes(32).toString('hex'), sessions, keys }
  try {
    await prepare(job)
    const env = { ...process.env, BENCH_JOB: JSON.stringify(job) }
    const best = new Map<string, Row>()
    for (let turn = 0; turn < TURNS; turn++)
      for (const name of Object.keys(CONTENDERS)) {
        const { stdout } = await run(process.execPath, [fileURLToPath(import.meta.url), name], {
          env,
        })
        const row = JSON.parse(stdout) as Row
        const before = best.get(name)
        if (before === undefined || Number(row['seconds']) < Number(before['seconds']))
          best.set(name, row)
      }
    const least = Number(best.get('floor')?.['seconds'])
    for (const [kind, { name, seconds, ...more }] of best) {
      const times = kind === 'list' ? '' : round(Number(seconds) / least)
      const row = {
        name,
        sessions,
        'keys each': keys,
        seconds: round(Number(seconds)),
        'times the floor': times,
        ...more,
      }
      process.stdout.write(`${JSON.stringify(row)}\n`)
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const job = process.env['BENCH_JOB']
if (job === undefined) await measure()
else {
  const name = process.argv[2] as keyof typeof CONTENDERS
  process.stdout.write(JSON.stringify(await CONTENDERS[name](JSON.parse(job) as Job)))
}
