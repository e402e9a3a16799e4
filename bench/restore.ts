/*
 * Cold restore of a lost host, up to "verified, ready to connect", on Ceph RGW with encryption on.
 *
 *   ours      claims through the real replica into a fresh state directory, then opens each state
 *   floor     fetches and decrypts the same bytes and does nothing else
 *   replaced  the worker that this one replaces: one object a file, one after another, one session
 *             after another; measured on a few sessions and scaled
 *
 * `node bench/restore.ts [sessions] [keys]`
 */
import { execFile } from 'node:child_process'
import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { Client } from 'minio'
import PQueue from 'p-queue'
import { openAuthStore } from '../src/authstate/open.ts'
import { encryptingSealer, type KeySource } from '../src/replica/crypto/sealer.ts'
import { ownerName, snapshotName } from '../src/replica/names.ts'
import type { ObjectAddress } from '../src/replica/object.ts'
import { StoreReplica } from '../src/replica/replica.ts'
import { openS3Store } from '../src/store/s3.ts'
import { startRgw, type RgwAccess } from '../test/services/rgw-server.ts'
import type { Row } from './report.ts'

const BUCKET = 'bench'
const CONCURRENCY = 16
const REPLACED_SESSIONS = 3

interface Job {
  access: RgwAccess
  dataKey: string
  sessions: number
  keys: number
  /** Name and sequence of every snapshot. */
  snapshots: { id: string; epoch: number; seq: number }[]
}

const idOf = (i: number) => `session-${i}`

function parts(job: Job) {
  const active = { id: 'bench', key: createSecretKey(Buffer.from(job.dataKey, 'hex')) }
  const keys: KeySource = { active, find: () => active, refresh: async () => false }
  const { endpoint, port, region, accessKey, secretKey } = job.access
  const store = openS3Store({
    endpoint,
    port,
    region,
    accessKey,
    secretKey,
    bucket: BUCKET,
    useSSL: false,
  })
  return { store, sealer: encryptingSealer(keys) }
}

/** What a real account holds: pre-keys and ratchets, under a linked device. */
async function prepare(job: Job): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-prepare-'))
  const auth = await openAuthStore({ stateDir: dir })
  const replica = new StoreReplica({ ...parts(job), auth, worker: 'before' })
  const preKeys = Math.min(812, job.keys)
  const queue = new PQueue({ concurrency: 8 })
  await queue.addAll(
    Array.from({ length: job.sessions }, (_, i) => async () => {
      const id = idOf(i)
      const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
      if (claim.kind !== 'claimed') throw new Error(claim.detail)
      await auth.create(id, initAuthCreds(), claim.base)
      const handle = await auth.open(id)
      Object.assign(handle.state.creds, { account: { details: randomBytes(40) } })
      await handle.saveCreds()
      const pair = () => ({ public: randomBytes(32), private: randomBytes(32) })
      await handle.state.keys.set({
        'pre-key': Object.fromEntries(
          Array.from({ length: preKeys }, (_, k) => [`${k + 1}`, pair()]),
        ),
        session: Object.fromEntries(
          Array.from({ length: job.keys - preKeys }, (_, k) => [
            `447700${k}.0`,
            randomBytes(1_200),
          ]),
        ),
      })
      await handle.close()
      const { epoch, seq } = await replica.fold(id, 'manual')
      job.snapshots[i] = { id, epoch, seq }
      await replica.release(id, { store: true })
    }),
  )
  await replica.stop()
  await auth.close()
  await rm(dir, { recursive: true })
}

async function prepareReplaced(job: Job, client: Client): Promise<void> {
  for (let i = 0; i < REPLACED_SESSIONS; i++) {
    const queue = new PQueue({ concurrency: CONCURRENCY })
    await queue.addAll(
      Array.from(
        { length: job.keys + 1 },
        (_, k) => () =>
          client.putObject(BUCKET, `sessions/${idOf(i)}/key-${k}.json`, randomBytes(250)),
      ),
    )
  }
}

async function ours(job: Job): Promise<Row> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-restore-'))
  const auth = await openAuthStore({ stateDir: dir })
  const replica = new StoreReplica({ ...parts(job), auth, worker: 'after' })
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const began = performance.now()
  let first = 0
  await queue.addAll(
    job.snapshots.map(({ id }) => async () => {
      const claim = await replica.claim({ sessionId: id, assigned: true })
      if (claim.kind !== 'claimed' || claim.route !== 'cold')
        throw new Error(`${id} was not restored`)
      const handle = await auth.open(id)
      if (first === 0) first = performance.now() - began
      await handle.close()
    }),
  )
  const total = performance.now() - began
  await replica.stop()
  await auth.close()
  await rm(dir, { recursive: true })
  return {
    name: 'ours',
    seconds: total / 1_000,
    'first ready, ms': Math.round(first),
    'processor time, s': processorSeconds(),
    'peak RSS, MB': peakMegabytes(),
  }
}

/** What any restore fetches: the owner record, which names the snapshot, and the snapshot. */
async function floor(job: Job): Promise<Row> {
  const { store, sealer } = parts(job)
  const fetch = async (address: ObjectAddress) => {
    const object = await store.get(address.name)
    if (object === undefined) throw new Error(`${address.name} is missing`)
    sealer.open(address, object.bytes)
  }
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const began = performance.now()
  await queue.addAll(
    job.snapshots.map(({ id, epoch, seq }) => async () => {
      await fetch({ name: ownerName(id), kind: 'owner', sessionId: id })
      await fetch({ name: snapshotName(id, epoch, seq), kind: 'snapshot', sessionId: id })
    }),
  )
  const total = performance.now() - began
  await store.close()
  return {
    name: 'floor',
    seconds: total / 1_000,
    'first ready, ms': '',
    'processor time, s': processorSeconds(),
    'peak RSS, MB': peakMegabytes(),
  }
}

async function replaced(job: Job): Promise<Row> {
  const { store } = parts(job)
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-replaced-'))
  const began = performance.now()
  for (let i = 0; i < REPLACED_SESSIONS; i++) {
    for (let k = 0; k <= job.keys; k++) {
      const object = await store.get(`sessions/${idOf(i)}/key-${k}.json`)
      if (object === undefined) throw new Error('an object is missing')
      await writeFile(join(dir, `${i}-${k}.json`), object.bytes)
    }
  }
  const total = ((performance.now() - began) / REPLACED_SESSIONS) * job.sessions
  await store.close()
  await rm(dir, { recursive: true })
  return {
    name: `replaced (${REPLACED_SESSIONS} sessions, scaled)`,
    seconds: total / 1_000,
    'first ready, ms': '',
    'processor time, s': '',
    'peak RSS, MB': '',
  }
}

const CONTENDERS = { ours, floor, replaced }

async function run(): Promise<void> {
  const [sessions = 1_000, keys = 1_000] = process.argv.slice(2).map(Number)
  const server = await startRgw()
  try {
    const { access } = server
    const client = new Client({ ...access, endPoint: access.endpoint, useSSL: false })
    await client.makeBucket(BUCKET, access.region)
    const job: Job = {
      access,
      dataKey: randomBytes(32).toString('hex'),
      sessions,
      keys,
      snapshots: [],
    }
    await prepare(job)
    await prepareReplaced(job, client)
    const rows: Row[] = []
    for (const name of Object.keys(CONTENDERS)) {
      const env = { ...process.env, BENCH_JOB: JSON.stringify(job) }
      const options = { env, maxBuffer: 64 * 1024 * 1024 }
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [fileURLToPath(import.meta.url), name],
        options,
      )
      rows.push(JSON.parse(stdout) as Row)
    }
    const least = Number(rows.find(({ name }) => name === 'floor')?.['seconds'])
    for (const { name, seconds, ...figures } of rows) {
      const row = {
        name,
        sessions,
        'keys each': keys,
        seconds: round(Number(seconds)),
        'times the floor': round(Number(seconds) / least),
        ...figures,
      }
      process.stdout.write(`${JSON.stringify(row)}\n`)
    }
  } finally {
    await server.stop()
  }
}

function peakMegabytes(): number {
  return Math.round(process.resourceUsage().maxRSS / 1e3)
}

/** Of the whole process, its start included. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return round((user + system) / 1e6)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const job = process.env['BENCH_JOB']
if (job === undefined) await run()
else {
  const name = process.argv[2] as keyof typeof CONTENDERS
  process.stdout.write(JSON.stringify(await CONTENDERS[name](JSON.parse(job) as Job)))
}
