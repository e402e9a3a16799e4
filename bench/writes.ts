/*
 * Durable key writes: 200 sessions, each with one change on its way at a time, as Baileys writes
 * them. `ours` against useMultiFileAuthState as it is, and against it with an fsync a file.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { initAuthCreds, useMultiFileAuthState, type SignalDataSet } from '@whiskeysockets/baileys'
import { openAuthStore } from '../src/authstate/open.ts'
import { contender, percentile, type Row } from './report.ts'

const SESSIONS = 200
const SECONDS = 5
/** What a message changes: a ratchet of about 1.2 KB. */
const VALUE = randomBytes(1_200)
const CONTACTS = 20

type Set = (data: SignalDataSet) => Promise<void>

async function ours(dir: string): Promise<{ sets: Set[]; close(): Promise<void> }> {
  const store = await openAuthStore({ stateDir: dir })
  const sets: Set[] = []
  for (let i = 0; i < SESSIONS; i++) {
    await store.create(`s${i}`, initAuthCreds())
    const handle = await store.open(`s${i}`)
    sets.push(async (data) => handle.state.keys.set(data))
  }
  return { sets, close: () => store.close() }
}

async function multiFile(dir: string): Promise<{ sets: Set[]; close(): Promise<void> }> {
  const sets: Set[] = []
  for (let i = 0; i < SESSIONS; i++) {
    const { state } = await useMultiFileAuthState(join(dir, `s${i}`))
    sets.push(async (data) => state.keys.set(data))
  }
  return { sets, close: async () => undefined }
}

/** The same files, each synced before the write counts. */
async function multiFileSynced(dir: string): Promise<{ sets: Set[]; close(): Promise<void> }> {
  const plain = await multiFile(dir)
  const sets = plain.sets.map((set, i): Set => async (data) => {
    await set(data)
    for (const [type, values] of Object.entries(data)) {
      for (const id of Object.keys(values)) {
        const file = await open(join(dir, `s${i}`, `${type}-${id}.json`), 'r+')
        await file.sync()
        await file.close()
      }
    }
  })
  return { sets, close: plain.close }
}

const CONTENDERS = { ours, multiFile, multiFileSynced }

export async function measure(name: keyof typeof CONTENDERS): Promise<Row> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-writes-'))
  const { sets, close } = await CONTENDERS[name](dir)
  const latencies: number[] = []
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const until = performance.now() + SECONDS * 1_000
  loop.enable()
  await Promise.all(
    sets.map(async (set) => {
      for (let n = 0; performance.now() < until; n++) {
        const began = performance.now()
        await set({ session: { [`contact-${n % CONTACTS}.0`]: VALUE } })
        latencies.push(performance.now() - began)
      }
    }),
  )
  loop.disable()
  await close()
  await rm(dir, { recursive: true, force: true })
  return {
    name,
    'changes/s': Math.round(latencies.length / SECONDS),
    'p99 of one set, ms': percentile(latencies, 0.99),
    'event loop p99, ms': Math.round(loop.percentile(99) / 1e5) / 10,
  }
}

await contender(CONTENDERS, measure)
