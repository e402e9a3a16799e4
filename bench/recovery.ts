/*
 * From process start to all sessions online: how long, and at what cost.
 *
 *   warm, cold    the daemon as users run it, on its own disk, and with a new disk from the store
 *   bare          Baileys sockets whose creds lie in memory, nothing kept, at the concurrency that
 *                 suits them best; `bare, native check` has our signature check too: the floor
 *   replaced      the worker that this one replaces: files a key, one session after another;
 *                 measured on a few sessions and scaled
 *
 * The simulated WhatsApp takes its part of the same processors, the same part in each.
 *
 * `node bench/recovery.ts [sessions] [ratchets a session]`
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { BufferJSON } from '@whiskeysockets/baileys'
import { Simulator } from '../src/simulator/simulator.ts'
import { openStore } from '../src/store/open.ts'
import build from '../test/support/build.ts'
import { makeFleet, putIntoStore, type Fleet } from '../test/support/fleet.ts'
import { eventually, GatewayProcess, type Environment } from '../test/support/gateway.ts'
import type { BareJob } from './bare-sockets.ts'
import { replacedWay } from './replaced-worker.ts'
import { percentile, type Row } from './report.ts'

/** What the start of a process came to. */
export interface Logins {
  /** Milliseconds from the start of the process to each session's being online. */
  onlineAt: number[]
  /** Up to the last one. */
  cpuMs: number
  rssMb: number
  loopP99Ms: number
}

interface Scene {
  dir: string
  stateDir: string
  simulator: Simulator
  fleet: Fleet
}

const BARE_CONCURRENCIES = [8, 20]
const WORKER = 'bench'

async function bare(scene: Scene, native: boolean): Promise<Logins> {
  const credsFile = join(scene.dir, 'creds.json')
  const all = scene.fleet.accounts.map(({ creds }) => creds)
  await writeFile(credsFile, JSON.stringify(all, BufferJSON.replacer))
  const runs: Logins[] = []
  for (const concurrency of BARE_CONCURRENCIES) {
    const { url, rootHex } = scene.simulator
    const job: BareJob = { url, rootHex, native, concurrency, credsFile, began: Date.now() }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(new URL('bare-sockets.ts', import.meta.url))],
      { env: { ...process.env, BENCH_JOB: JSON.stringify(job) }, maxBuffer: 1e8 },
    )
    runs.push(JSON.parse(stdout) as Logins)
    await untilAllGone(scene.simulator)
  }
  const [best] = runs.toSorted((a, b) => Math.max(...a.onlineAt) - Math.max(...b.onlineAt))
  if (best === undefined) throw new Error('nothing was measured')
  return best
}

async function untilAllGone(simulator: Simulator): Promise<void> {
  await eventually('all connections to be closed', () =>
    simulator.report().connections.open === 0 ? true : undefined,
  )
}

async function ours(scene: Scene): Promise<Logins> {
  const { simulator, stateDir, dir, fleet } = scene
  const probe = join(dir, 'probe.json')
  await rm(probe, { force: true })
  const env: Environment = {
    WA_GATEWAY_STATE_DIR: stateDir,
    WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
    WA_GATEWAY_STORAGE_DIR: join(dir, 'objects'),
    WA_GATEWAY_WHATSAPP_URL: simulator.url,
    WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
    WORKER_ID: WORKER,
    SESSION_RECOVERY_STARTUP_DELAY: '0',
    GRACEFUL_SHUTDOWN_TIMEOUT: '60000',
    NODE_OPTIONS: `--import ${new URL('probe.ts', import.meta.url).href}`,
    BENCH_PROBE: probe,
    ...settings(),
  }
  const count = fleet.accounts.length
  const began = Date.now()
  const gateway = GatewayProcess.spawn(env)
  await gateway.eventually('all sessions to log in', async () =>
    simulator.report().connections.online === count ? true : undefined,
  )
  const onlineAt = await gateway.eventually('all sessions to be online', async () => {
    const { sessions } = await gateway.client.call('session.list', {})
    const online = sessions.filter(({ state }) => state === 'online')
    return online.length === count ? online.map(({ since }) => since - began) : undefined
  })
  gateway.child.kill('SIGUSR2')
  await eventually('the figures of the worker', () => (existsSync(probe) ? true : undefined))
  const cost = JSON.parse(await readFile(probe, 'utf8')) as Omit<Logins, 'onlineAt'>
  const status = await gateway.stop('SIGTERM')
  if (status !== 0) throw new Error(`the daemon ended with ${status}\n${gateway.output}`)
  await untilAllGone(simulator)
  return { onlineAt, ...cost }
}

/** Settings to try, as `NAME=value` words in BENCH_SETTINGS. */
function settings(): Environment {
  const words = (process.env['BENCH_SETTINGS'] ?? '').split(' ').filter((word) => word !== '')
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]))
}

async function measure(count: number, ratchets: number): Promise<[string, Logins][]> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-'))
  const simulator = await Simulator.start()
  try {
    const ids = Array.from({ length: count }, (_, i) => `s${i}`)
    const fleet = await makeFleet(simulator, ids, { ratchets })
    const scene = { dir, stateDir: join(dir, 'state'), simulator, fleet }
    const store = await openStore({ kind: 'folder', dir: join(dir, 'objects') })
    await putIntoStore(fleet, { stateDir: scene.stateDir, store, worker: WORKER })
    await store.close()
    const plain = await bare(scene, false)
    const native = await bare(scene, true)
    const warm = await ours(scene)
    await rm(scene.stateDir, { recursive: true })
    const cold = await ours(scene)
    const { concurrentDuplicates, registrations } = simulator.report().connections
    if (registrations !== 1 || concurrentDuplicates > 0) throw new Error('the simulator saw harm')
    const replaced = await replacedWay(simulator, fleet, dir)
    return [
      ['bare', plain],
      ['bare, native check', native],
      ['warm', warm],
      ['cold', cold],
      ...Object.entries(replaced),
    ]
  } finally {
    await simulator.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

function row(name: string, sessions: number, logins: Logins, floor: Logins, plain: Logins): Row {
  const all = Math.max(...logins.onlineAt)
  const times = (other: Logins) => Math.round((Math.max(...other.onlineAt) / all) * 100) / 100
  const seconds = (ms: number) => Math.round(ms / 10) / 100
  return {
    name,
    sessions,
    'first, s': seconds(Math.min(...logins.onlineAt)),
    'p50, s': seconds(percentile(logins.onlineAt, 0.5)),
    'p95, s': seconds(percentile(logins.onlineAt, 0.95)),
    'all, s': seconds(all),
    'times as fast as bare': times(plain),
    'times the floor': Math.round(100 / times(floor)) / 100,
    'CPU a login, ms': logins.cpuMs === 0 ? '' : Math.round(logins.cpuMs / sessions / 0.1) / 10,
    'RSS a session, MB':
      logins.rssMb === 0 ? '' : Math.round((logins.rssMb / sessions) * 100) / 100,
    'event loop p99, ms': Math.round(logins.loopP99Ms * 10) / 10,
  }
}

const [count = 100, ratchets = 188] = process.argv.slice(2).map(Number)
build()
const found = await measure(count, ratchets)
const named = new Map(found)
const plain = named.get('bare')
const floor = named.get('bare, native check')
if (plain === undefined || floor === undefined) throw new Error('nothing to compare with')
for (const [name, logins] of found)
  process.stdout.write(`${JSON.stringify(row(name, count, logins, floor, plain))}\n`)
