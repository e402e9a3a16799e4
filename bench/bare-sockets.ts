/*
 * Logs many accounts in with bare Baileys sockets whose creds and keys lie in memory: what a worker
 * costs that keeps nothing. Run by recovery.ts, which passes the work as JSON in BENCH_JOB.
 */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import {
  BufferJSON,
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationCreds,
  type SignalDataSet,
  type SignalDataTypeMap,
  type WASocket,
} from '@whiskeysockets/baileys'
import PQueue from 'p-queue'
import { pino } from 'pino'
import { installNativeSignatureCheck } from '../src/whatsapp/hooks/signature.ts'
import type { Logins } from './recovery.ts'

export interface BareJob {
  url: string
  rootHex: string
  native: boolean
  concurrency: number
  /** A file with the accounts' creds as JSON. */
  credsFile: string
  /** When the process was started, in milliseconds since the epoch. */
  began: number
}

// libsignal prints whole sessions.
Object.assign(console, { info: () => undefined, warn: () => undefined, error: () => undefined })

const logger = pino({ level: 'silent' })

/** Values as they are, without copies: the cheapest key store there can be. */
function memoryKeys() {
  const values = new Map<string, unknown>()
  return {
    get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: { [id: string]: SignalDataTypeMap[T] } = {}
      for (const id of ids) {
        const value = values.get(`${type}/${id}`)
        if (value !== undefined) found[id] = value as SignalDataTypeMap[T]
      }
      return found
    },
    set: async (data: SignalDataSet) => {
      for (const [type, all] of Object.entries(data))
        for (const [id, value] of Object.entries(all ?? {})) values.set(`${type}/${id}`, value)
    },
  }
}

async function logIn(job: BareJob, creds: AuthenticationCreds): Promise<WASocket> {
  const socket = makeWASocket({
    auth: { creds, keys: memoryKeys() },
    waWebSocketUrl: job.url,
    logger,
    markOnlineOnConnect: false,
    syncFullHistory: false,
  })
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'open') resolve(undefined)
    if (connection === 'close') reject(lastDisconnect?.error ?? new Error('closed'))
  })
  await promise
  return socket
}

const job = JSON.parse(process.env['BENCH_JOB'] ?? '{}') as BareJob
WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(job.rootHex, 'hex')
if (job.native) installNativeSignatureCheck()
const all = JSON.parse(
  readFileSync(job.credsFile, 'utf8'),
  BufferJSON.reviver,
) as AuthenticationCreds[]
const loop = monitorEventLoopDelay({ resolution: 1 })
loop.enable()
const onlineAt: number[] = []
const queue = new PQueue({ concurrency: job.concurrency })
const sockets = await queue.addAll(
  all.map((creds) => async () => {
    const socket = await logIn(job, creds)
    onlineAt.push(Date.now() - job.began)
    return socket
  }),
)
loop.disable()
const { user, system } = process.cpuUsage()
const logins: Logins = {
  onlineAt,
  cpuMs: (user + system) / 1_000,
  rssMb: process.memoryUsage().rss / 1e6,
  loopP99Ms: loop.percentile(99) / 1e6,
}
await Promise.all(sockets.map((socket) => socket.end(undefined)))
// A server that is quick to forget leaves timers of the library behind.
process.stdout.write(JSON.stringify(logins), () => process.exit(0))
