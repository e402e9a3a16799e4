/*
 * How long a worker takes from process start to all sessions online, warm (its own disk) and cold
 * (disk wiped, everything from the object store). `node bench/recovery.ts 10 100`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import PQueue from 'p-queue'
import { Simulator } from '../src/simulator/simulator.ts'
import build from '../test/support/build.ts'
import { GatewayProcess, type Environment } from '../test/support/gateway.ts'

interface Measured {
  sessions: number
  start: 'warm' | 'cold'
  /** Milliseconds from the start of the process. */
  firstOnline: number
  allOnline: number
}

async function measureStart(
  env: Environment,
  ids: string[],
  start: Measured['start'],
): Promise<Measured> {
  const began = performance.now()
  const gateway = GatewayProcess.spawn(env)
  let first: number | undefined
  await gateway.eventually('all sessions to be online', async () => {
    const { sessions } = await gateway.client.call('session.list', {})
    const online = sessions.filter((session) => session.state === 'online').length
    if (online > 0) first ??= performance.now() - began
    return online >= ids.length ? true : undefined
  })
  const allOnline = performance.now() - began
  const status = await gateway.stop('SIGTERM')
  if (status !== 0) throw new Error(`the daemon ended with ${status}\n${gateway.output}`)
  return { sessions: ids.length, start, firstOnline: first ?? allOnline, allOnline }
}

async function measure(count: number): Promise<Measured[]> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-'))
  const simulator = await Simulator.start()
  const stateDir = join(dir, 'state')
  const env: Environment = {
    WA_GATEWAY_STATE_DIR: stateDir,
    WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
    WA_GATEWAY_STORAGE_DIR: join(dir, 'objects'),
    WA_GATEWAY_WHATSAPP_URL: simulator.url,
    WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
    WORKER_ID: 'bench',
    SESSION_RECOVERY_STARTUP_DELAY: '0',
    GRACEFUL_SHUTDOWN_TIMEOUT: '60000',
  }
  const ids = Array.from({ length: count }, (_, i) => `s${i}`)
  try {
    const gateway = await GatewayProcess.start(env)
    const pairing = new PQueue({ concurrency: 10 })
    await pairing.addAll(
      ids.map(
        (id, i) => () =>
          gateway.pair(id, (event) => {
            if (event.type === 'qr') void simulator.phone(String(15_550_000_000 + i)).scan(event.qr)
          }),
      ),
    )
    await gateway.stop('SIGTERM')
    const warm = await measureStart(env, ids, 'warm')
    await rm(stateDir, { recursive: true })
    const cold = await measureStart(env, ids, 'cold')
    const { pairings, concurrentDuplicates } = simulator.report().connections
    if (pairings !== count || concurrentDuplicates > 0) throw new Error('the simulator saw harm')
    return [warm, cold]
  } finally {
    await simulator.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

const { positionals } = parseArgs({ allowPositionals: true })
build()
process.stdout.write('sessions  start  first online  all online\n')
for (const count of positionals.length > 0 ? positionals.map(Number) : [10, 100]) {
  for (const { sessions, start, firstOnline, allOnline } of await measure(count)) {
    const cells = [
      String(sessions).padStart(8),
      start.padStart(5),
      `${(firstOnline / 1000).toFixed(2)} s`.padStart(12),
      `${(allOnline / 1000).toFixed(2)} s`.padStart(10),
    ]
    process.stdout.write(`${cells.join('  ')}\n`)
  }
}
