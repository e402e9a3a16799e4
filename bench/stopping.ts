/*
 * From SIGTERM to the end of a worker whose sessions are online and have each a message that is not
 * in the object store yet: seal, ship, release, close. The default budget is 10 s
 * (GRACEFUL_SHUTDOWN_TIMEOUT). The simulated WhatsApp and the store take their part of the same
 * processors.
 *
 * `node bench/stopping.ts [sessions] [folder|rgw]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseOwner } from '../src/replica/owner.ts'
import { ownerName } from '../src/replica/names.ts'
import { plainSealer } from '../src/replica/sealer.ts'
import { Simulator } from '../src/simulator/simulator.ts'
import { openStore } from '../src/store/open.ts'
import type { ObjectStore } from '../src/store/port.ts'
import build from '../test/support/build.ts'
import { makeFleet, putIntoStore } from '../test/support/fleet.ts'
import { eventually, GatewayProcess, type Environment } from '../test/support/gateway.ts'
import { withBucket } from './bucket.ts'
import type { Row } from './report.ts'

const WORKER = 'bench'
/** Longer than anything here takes, so that every session has something to ship. */
const WINDOW_MS = '600000'
const START_LIMIT_MS = 600_000
const CONTACT = '447700000001'

interface Place {
  name: string
  open(): Promise<ObjectStore>
  env: Environment
}

async function measure(count: number, dir: string, place: Place): Promise<Row> {
  const simulator = await Simulator.start()
  try {
    const ids = Array.from({ length: count }, (_, i) => `s${i}`)
    const fleet = await makeFleet(simulator, ids)
    const stateDir = join(dir, 'state')
    const store = await place.open()
    await putIntoStore(fleet, { stateDir, store, worker: WORKER })
    const gateway = GatewayProcess.spawn({
      WA_GATEWAY_STATE_DIR: stateDir,
      WA_GATEWAY_SOCKET: join(dir, 'control.sock'),
      WA_GATEWAY_WHATSAPP_URL: simulator.url,
      WA_GATEWAY_WHATSAPP_ROOT: simulator.rootHex,
      WORKER_ID: WORKER,
      SESSION_RECOVERY_STARTUP_DELAY: '0',
      WA_GATEWAY_SHIP_WINDOW: WINDOW_MS,
      LOG_LEVEL: 'warn',
      ...place.env,
    })
    await eventually(
      'all sessions to be online',
      () => (simulator.report().connections.online === count ? true : undefined),
      START_LIMIT_MS,
    )
    await gateway.untilOnline(ids)
    for (const { user } of fleet.accounts) await simulator.contact(CONTACT).send(user, 'one more')
    await eventually('every message to be acknowledged', () =>
      simulator.report().inbound.waiting === 0 ? true : undefined,
    )
    const { lag } = (await gateway.client.call('status', {})).shipping
    const began = performance.now()
    const status = await gateway.stop('SIGTERM')
    const seconds = (performance.now() - began) / 1_000
    const released = await countReleased(store, ids)
    await store.close()
    if (status !== 0 || released !== count)
      process.stderr.write(`status ${status}, ${released} released\n${gateway.output}`)
    return {
      name: `${count} sessions, ${place.name}`,
      'changes to ship': lag.changes,
      'seconds to the end': Math.round(seconds * 100) / 100,
      released,
      'exit status': status,
    }
  } finally {
    await simulator.stop()
  }
}

async function countReleased(store: ObjectStore, ids: readonly string[]): Promise<number> {
  let released = 0
  for (const id of ids) {
    const object = await store.get(ownerName(id))
    if (object !== undefined && parseOwner(id, object.bytes, plainSealer).released) released++
  }
  return released
}

const [sessions = '100', kind = 'folder'] = process.argv.slice(2)
build()
const dir = await mkdtemp(join(tmpdir(), 'wa-bench-stopping-'))
try {
  const objects = join(dir, 'objects')
  const row =
    kind === 'rgw'
      ? await withBucket(async ({ access, name, open }) =>
          measure(Number(sessions), dir, {
            name: 'RGW',
            open: async () => open(),
            env: {
              MINIO_ENDPOINT: access.endpoint,
              MINIO_PORT: String(access.port),
              MINIO_ACCESS_KEY: access.accessKey,
              MINIO_SECRET_KEY: access.secretKey,
              MINIO_BUCKET: name,
              WA_GATEWAY_ALLOW_PLAINTEXT: 'true',
            },
          }),
        )
      : await measure(Number(sessions), dir, {
          name: 'folder',
          open: () => openStore({ kind: 'folder', dir: objects }),
          env: { WA_GATEWAY_STORAGE_DIR: objects },
        })
  process.stdout.write(`${JSON.stringify(row)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}
