/*
 * Resident memory by the number of sessions.
 *
 *   handles   open auth state and what the replica keeps of it, over a folder, after a collection
 *   online    the daemon with every session online, some seconds after the last came up
 *
 * `node bench/memory.ts handles|online [sessions]`
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { openAuthStore } from '../src/authstate/open.ts'
import type { AuthHandle } from '../src/authstate/port.ts'
import { StoreReplica } from '../src/replica/replica.ts'
import { Simulator } from '../src/simulator/simulator.ts'
import { openStore } from '../src/store/open.ts'
import build from '../test/support/build.ts'
import { makeFleet, putIntoStore, type Fleet } from '../test/support/fleet.ts'
import { eventually, GatewayProcess } from '../test/support/gateway.ts'
import { contender, type Row } from './report.ts'

const WORKER = 'bench'
const SETTLING_MS = 10_000
const START_LIMIT_MS = 600_000

interface Scene {
  simulator: Simulator
  fleet: Fleet
  dir: string
  stateDir: string
}

/** Megabytes before there were sessions, and with them. */
interface Resident {
  before: number
  after: number
}

async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_000
}

async function collected(): Promise<number> {
  if (global.gc === undefined) throw new Error('run it with --expose-gc')
  for (let n = 0; n < 5; n++) {
    global.gc()
    await sleep(200)
  }
  return resident(process.pid)
}

/** What a process of its own opens. */
interface Job {
  ids: string[]
  dir: string
  stateDir: string
}

async function openAll({ ids, dir, stateDir }: Job): Promise<Resident> {
  const auth = await openAuthStore({ stateDir })
  const store = await openStore({ kind: 'folder', dir: join(dir, 'objects') })
  const replica = new StoreReplica({ store, auth, worker: WORKER })
  await replica.start()
  const before = await collected()
  const open: AuthHandle[] = []
  for (const sessionId of ids) {
    const claim = await replica.claim({ sessionId, assigned: true })
    if (claim.kind !== 'claimed') throw new Error(claim.detail)
    open.push(await auth.open(sessionId))
  }
  const after = await collected()
  for (const handle of open) await handle.close()
  await replica.stop()
  await auth.close()
  await store.close()
  return { before, after }
}

async function handles({ fleet, dir, stateDir }: Scene): Promise<Resident> {
  const job: Job = { ids: fleet.accounts.map(({ id }) => id), dir, stateDir }
  const args = ['--expose-gc', fileURLToPath(import.meta.url)]
  const env = { ...process.env, BENCH_JOB: JSON.stringify(job) }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout) as Resident
}

async function online({ simulator, fleet, dir, stateDir }: Scene): Promise<Resident> {
  const env = {
    WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
    WA_GATEWAY_STORAGE_DIR: join(dir, 'objects'),
    WA_GATEWAY_WHATSAPP_URL: simulator.url,
    WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
    WORKER_ID: WORKER,
    SESSION_RECOVERY_STARTUP_DELAY: '0',
    GRACEFUL_SHUTDOWN_TIMEOUT: '60000',
    LOG_LEVEL: 'warn',
  }
  const settled = async (gateway: GatewayProcess): Promise<number> => {
    await sleep(SETTLING_MS)
    const found = await resident(gateway.child.pid ?? 0)
    await gateway.stop()
    return found
  }
  const elsewhere = { WA_GATEWAY_STATE_DIR: join(dir, 'empty'), WORKER_ID: 'nobody' }
  const before = await settled(await GatewayProcess.start({ ...env, ...elsewhere }))
  const gateway = GatewayProcess.spawn({ ...env, WA_GATEWAY_STATE_DIR: stateDir })
  await eventually(
    'all sessions to be online',
    () => (simulator.report().connections.online === fleet.accounts.length ? true : undefined),
    START_LIMIT_MS,
  )
  return { before, after: await settled(gateway) }
}

const KINDS = { handles, online }

async function measure(kind: keyof typeof KINDS): Promise<Row> {
  const count = Number(process.argv[3] ?? 100)
  build()
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-memory-'))
  const simulator = await Simulator.start()
  try {
    const fleet = await makeFleet(
      simulator,
      Array.from({ length: count }, (_, i) => `s${i}`),
    )
    const stateDir = join(dir, 'state')
    const store = await openStore({ kind: 'folder', dir: join(dir, 'objects') })
    await putIntoStore(fleet, { stateDir, store, worker: WORKER })
    await store.close()
    const { before, after } = await KINDS[kind]({ simulator, fleet, dir, stateDir })
    return {
      name: `${count} sessions, ${kind}`,
      'RSS without, MB': Math.round(before),
      'RSS with, MB': Math.round(after),
      'KB a session': Math.round(((after - before) / count) * 1_000),
    }
  } finally {
    await simulator.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

const job = process.env['BENCH_JOB']
if (job === undefined) await contender(KINDS, measure)
else process.stdout.write(JSON.stringify(await openAll(JSON.parse(job) as Job)))
