/*
 * The way of the worker that this one replaces: useMultiFileAuthState, plain sockets, one session
 * after another; on a lost disk every file is fetched as an object of its own first. In a process
 * of its own: `node bench/replaced-worker.ts`, with the work as JSON in BENCH_JOB.
 */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeWASocket, useMultiFileAuthState, WA_CERT_DETAILS } from '@whiskeysockets/baileys'
import { pino } from 'pino'
import type { Simulator } from '../src/simulator/simulator.ts'
import { openStore } from '../src/store/open.ts'
import type { Fleet } from '../test/support/fleet.ts'
import type { Logins } from './recovery.ts'

const SESSIONS = 5

interface Job {
  url: string
  rootHex: string
  sessions: string[]
  dir: string
  cold: boolean
}

/** Times of `SESSIONS` sessions, scaled to the fleet; says so in its names. */
export async function replacedWay(
  simulator: Simulator,
  fleet: Fleet,
  dir: string,
): Promise<Record<string, Logins>> {
  const accounts = fleet.accounts.slice(0, SESSIONS)
  const store = await openStore({ kind: 'folder', dir: join(dir, 'files') })
  for (const { id, creds } of accounts) {
    const folder = join(dir, 'multi-file', id)
    await mkdir(folder, { recursive: true })
    const { state, saveCreds } = await useMultiFileAuthState(folder)
    Object.assign(state.creds, creds)
    await saveCreds()
    await state.keys.set(fleet.keys)
    for (const name of await readdir(folder))
      await store.put(`sessions/${id}/${name}`, await readFile(join(folder, name)))
  }
  await store.close()
  const found: Record<string, Logins> = {}
  for (const cold of [false, true]) {
    const { url, rootHex } = simulator
    const job: Job = { url, rootHex, sessions: accounts.map(({ id }) => id), dir, cold }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(import.meta.url)],
      { env: { ...process.env, BENCH_JOB: JSON.stringify(job) } },
    )
    const took = JSON.parse(stdout) as number
    const step = took / accounts.length
    found[`replaced, ${cold ? 'cold' : 'warm'} (${accounts.length} sessions, scaled)`] = {
      onlineAt: fleet.accounts.map((_, n) => step * (n + 1)),
      cpuMs: 0,
      rssMb: 0,
      loopP99Ms: 0,
    }
  }
  return found
}

async function run(job: Job): Promise<number> {
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(job.rootHex, 'hex')
  const store = await openStore({ kind: 'folder', dir: join(job.dir, 'files') })
  const began = performance.now()
  for (const id of job.sessions) {
    const folder = join(job.dir, job.cold ? 'fetched' : 'multi-file', id)
    if (job.cold) {
      await mkdir(folder, { recursive: true })
      for await (const { name } of store.list(`sessions/${id}/`)) {
        const object = await store.get(name)
        if (object === undefined) throw new Error(`${name} is missing`)
        await writeFile(join(folder, name.slice(name.lastIndexOf('/') + 1)), object.bytes)
      }
    }
    await online(job, folder)
  }
  return performance.now() - began
}

async function online(job: Job, folder: string): Promise<void> {
  const { state, saveCreds } = await useMultiFileAuthState(folder)
  const socket = makeWASocket({
    auth: state,
    waWebSocketUrl: job.url,
    logger: pino({ level: 'silent' }),
  })
  socket.ev.on('creds.update', () => void saveCreds())
  await new Promise<void>((resolve, reject) => {
    socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
      if (connection === 'open') resolve()
      if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'))
    })
  })
}

const job = process.env['BENCH_JOB']
if (job !== undefined && process.argv[1] === fileURLToPath(import.meta.url)) {
  // libsignal prints whole sessions.
  Object.assign(console, { info: () => undefined, warn: () => undefined })
  const took = await run(JSON.parse(job) as Job)
  process.stdout.write(JSON.stringify(took), () => process.exit(0))
}
