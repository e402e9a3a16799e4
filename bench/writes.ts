/*
 * Durable key writes: 200 sessions, each with one change on its way at a time, as Baileys writes
 * them. `ours` against useMultiFileAuthState as it is, and against it with an fsync a file.
 *
 * `node bench/writes.ts ours|files|syncedFiles [contact|message]`
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

import { initAuthCreds, useMultiFileAuthState, type SignalDataSet } from '@whiskeysockets/baileys'

import { openAuthStore } from '../src/authstate/open.ts'

import { contender, percentile, type Row } from './report.ts'
import { signalSession } from './signal-session.ts'

const SESSIONS = 200
const WARM_UP_SECONDS = 1
const SECONDS = 5
const CONTACTS = 20

type Set = (data: SignalDataSet) => Promise<void>

interface Contender {
  sets: Set[]
  close: () => Promise<void>
}

async function ours(dir: string): Promise<Contender> {
  const store = await openAuthStore({ stateDir: dir })
  const sets: Set[] = []
  for (let i = 0; i < SESSIONS; i++) {
    await store.create(`s${i}`, initAuthCreds())
    const handle = await store.open(`s${i}`)
    sets.push(async (data) => handle.state.keys.set(data))
  }
  return { sets, close: () => store.close() }
}

async function files(dir: string): Promise<Contender> {
  const sets: Set[] = []
  for (let i = 0; i < SESSIONS; i++) {
    const { state } = await useMultiFileAuthState(join(dir, `s${i}`))
    sets.push(async (data) => state.keys.set(data))
  }
  return { sets, close: async () => undefined }
}

/** The same files, each synced before the write counts. */
async function syncedFiles(dir: string): Promise<Contender> {
  const plain = await files(dir)
  const sets = plain.sets.map((set, i): Set => async (data) => {
    await set(data)
    const names = Object.entries(data).flatMap(([type, values]) =>
      Object.keys(values).map((id) => `${type}-${id}.json`),
    )
    await Promise.all(
      names.map(async (name) => {
        const file = await open(join(dir, `s${i}`, name), 'r+')
        await file.sync()
        await file.close()
      }),
    )
  })
  return { sets, close: plain.close }
}

const RECEIVING = { type: 2, skipped: 2 } as const
const VALUE = signalSession([{ type: 1, skipped: 0 }, RECEIVING, RECEIVING])

type Shape = 'contact' | 'message'

/** What one change consists of: what a new contact's first message writes, or a later message. */
function change(shape: Shape, n: number): SignalDataSet {
  const id = 5_511_900_000_000 + (n % CONTACTS)
  const ratchet = { session: { [`${id}.0`]: VALUE } }
  if (shape === 'message') return ratchet
  return {
    ...ratchet,
    'lid-mapping': { [`${id}`]: `${id * 7}` },
    'device-list': { [`${id}`]: ['0', '12'] },
  }
}

const STORES = { ours, files, syncedFiles }

/** Milliseconds that each change took, in `seconds` in which every session writes. */
async function write(sets: Set[], shape: Shape, seconds: number): Promise<number[]> {
  const latencies: number[] = []
  const until = performance.now() + seconds * 1_000
  await Promise.all(
    sets.map(async (set) => {
      for (let n = 0; performance.now() < until; n++) {
        const began = performance.now()
        await set(change(shape, n))
        latencies.push(performance.now() - began)
      }
    }),
  )
  return latencies
}

async function measure(name: keyof typeof STORES, shape: Shape): Promise<Row> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-bench-writes-'))
  const { sets, close } = await STORES[name](dir)
  await write(sets, shape, WARM_UP_SECONDS)
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const before = process.cpuUsage()
  loop.enable()
  const latencies = await write(sets, shape, SECONDS)
  loop.disable()
  const { user, system } = process.cpuUsage(before)
  await close()
  await rm(dir, { recursive: true, force: true })
  const keys = Object.keys(change(shape, 0)).length
  return {
    name,
    'keys a change': keys,
    'key writes/s': Math.round((latencies.length * keys) / SECONDS),
    'p99 of one set, ms': percentile(latencies, 0.99),
    'event loop p99, ms': Math.round(loop.percentile(99) / 1e5) / 10,
    'processor time a change, µs': Math.round((user + system) / latencies.length),
  }
}

function shapeOf(word = 'contact'): Shape {
  if (word === 'contact' || word === 'message') return word
  throw new Error('a change is of a `contact` or a `message`')
}

await contender(STORES, async (name) => measure(name, shapeOf(process.argv[3])))
