/*
 * What the log costs, by how many sessions are busy: each makes two changes a second, as a message
 * in and one out do, acknowledged locally; the log goes to Ceph RGW, encrypted, in the default
 * window of 1 s.
 *
 * `node bench/shipping.ts [sessions]`
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { initAuthCreds } from '@whiskeysockets/baileys'
import { openAuthStore } from '../src/authstate/open.ts'
import type { AuthStore, ShippedEnd } from '../src/authstate/port.ts'
import { StoreReplica } from '../src/replica/replica.ts'
import type { ObjectStore } from '../src/store/port.ts'
import { benchSealer, withBucket } from './bucket.ts'
import { percentile, type Row } from './report.ts'

const PERIOD_MS = 500
const WARM_UP_MS = 3_000
const MEASURE_MS = 20_000
const CONTACTS = 20
const BUNDLE = /^v1\/workers\/.*\/\d+$/

/** What was put into the log, and when each change was stored. */
class Meter {
  puts = 0
  bytes = 0
  changes = 0
  readonly lags: number[] = []
  readonly #made = new Map<string, Map<number, number>>()
  counting = false

  made(id: string, seq: number): void {
    const times = this.#made.get(id) ?? new Map<number, number>()
    times.set(seq, performance.now())
    this.#made.set(id, times)
  }

  put(name: string, bytes: number): void {
    if (!this.counting || !BUNDLE.test(name)) return
    this.puts++
    this.bytes += bytes
  }

  stored(ends: readonly ShippedEnd[]): void {
    const now = performance.now()
    for (const { sessionId, seq } of ends)
      for (const [made, at] of this.#made.get(sessionId) ?? []) {
        if (made > seq) break
        this.#made.get(sessionId)?.delete(made)
        if (!this.counting) continue
        this.changes++
        this.lags.push(now - at)
      }
  }
}

/** The same object, some methods of which are others'. */
function overlaid<T extends object>(whole: T, part: Partial<T>): T {
  return new Proxy(whole, {
    get: (target, name) => {
      if (name in part) return Reflect.get(part, name) as unknown
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function metered(meter: Meter, store: ObjectStore, auth: AuthStore) {
  return {
    store: overlaid(store, {
      putIfAbsent: (name, bytes, options) => {
        meter.put(name, bytes.length)
        return store.putIfAbsent(name, bytes, options)
      },
    }),
    auth: overlaid(auth, {
      confirmShipped: async (boot, slot, ends) => {
        await auth.confirmShipped(boot, slot, ends)
        meter.stored(ends)
      },
    }),
  }
}

async function measure(count: number, raw: ObjectStore, stateDir: string): Promise<Row> {
  const local = await openAuthStore({ stateDir })
  const meter = new Meter()
  const { store, auth } = metered(meter, raw, local)
  const replica = new StoreReplica({ store, auth, worker: 'bench', sealer: benchSealer() })
  const stopping = new AbortController()
  const sessions = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const id = `s${i}`
      const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
      if (claim.kind !== 'claimed') throw new Error(claim.detail)
      await local.create(id, initAuthCreds(), claim.base)
      return { id, handle: await local.open(id) }
    }),
  )
  const busy = sessions.map(async ({ id, handle }) => {
    await sleep(Math.random() * PERIOD_MS)
    for (let n = 0; !stopping.signal.aborted; n++) {
      const ratchet = { session: { [`${n % CONTACTS}.0`]: randomBytes(1_200) } }
      const done = handle.state.keys.set(ratchet)
      meter.made(id, handle.seq)
      await done
      await sleep(PERIOD_MS)
    }
  })
  await sleep(WARM_UP_MS)
  meter.counting = true
  const began = performance.now()
  await sleep(MEASURE_MS)
  meter.counting = false
  const seconds = (performance.now() - began) / 1_000
  stopping.abort()
  await Promise.all(busy)
  await replica.ship()
  await replica.stop()
  await local.close()
  const { puts, bytes, changes, lags } = meter
  const per1000 = (value: number): number => Math.round((value / changes) * 1e5) / 100
  return {
    name: `${count} sessions`,
    'changes/s': Math.round(changes / seconds),
    'PUTs/s': Math.round((puts / seconds) * 100) / 100,
    'PUTs per 1,000 changes': per1000(puts),
    'KB per 1,000 changes': Math.round(bytes / changes),
    'lag p50, ms': percentile(lags, 0.5),
    'lag p99, ms': percentile(lags, 0.99),
  }
}

const [sessions = '100'] = process.argv.slice(2)
const dir = await mkdtemp(join(tmpdir(), 'wa-bench-shipping-'))
try {
  const row = await withBucket(({ open }) => measure(Number(sessions), open(), dir))
  process.stdout.write(`${JSON.stringify(row)}\n`)
} finally {
  await rm(dir, { recursive: true, force: true })
}
