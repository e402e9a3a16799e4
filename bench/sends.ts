/*
 * Messages of one account over a store that takes 20 ms: `ours` acknowledges remotely, through Ceph
 * RGW with 20 ms more a request, against plain Baileys with keys whose `set` takes 20 ms.
 *
 * `node bench/sends.ts ours|plain sent|received [contacts] [window in ms]`
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  DisconnectReason,
  initAuthCreds,
  makeWASocket,
  type BinaryNode,
  type ConnectionState,
  type SignalDataTypeMap,
  type SignalKeyStore,
  type WASocket,
} from '@whiskeysockets/baileys'
import { pino } from 'pino'
import { openAuthStore } from '../src/authstate/open.ts'
import { StoreReplica } from '../src/replica/replica.ts'
import { trustCertificateRoot } from '../src/whatsapp/hooks/certificate-root.ts'
import { quietConsole } from '../src/whatsapp/hooks/quiet-console.ts'
import { installHooks } from '../src/whatsapp/hooks/self-test.ts'
import { reviveForBaileys } from '../src/whatsapp/revive.ts'
import { SessionSocket } from '../src/whatsapp/socket.ts'
import { benchSealer, withBucket } from './bucket.ts'
import { contender } from './report.ts'
import { startSimulated, type Simulated } from './simulated.ts'
import { slowed } from './slow-store.ts'

const STORE_MS = 20
const PHONE = '15550001'
/** Sends that wait for their acknowledgement at the same time. */
const IN_FLIGHT = 64
const SECONDS = 8
/** Messages that wait when the receiving begins. */
const WAITING = 1_000

const logger = pino({ level: 'silent' })

/** One account that is online. */
interface Account {
  /** Resolves when WhatsApp has acknowledged the text. */
  send(jid: string, text: string): Promise<void>
  close(): Promise<void>
}

type Open = (simulated: Simulated, window: number | undefined) => Promise<Account>

/** Connects until it is open, linking the device on the way. */
async function goOnline<T>(
  simulated: Simulated,
  connect: (update: (update: Partial<ConnectionState>) => void) => T,
): Promise<T> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<'open' | 'close'>()
    const socket = connect((update) => {
      if (update.qr !== undefined) void simulated.scan(PHONE, update.qr)
      if (update.connection === 'open' || update.connection === 'close') resolve(update.connection)
    })
    if ((await promise) === 'open') return socket
  }
}

/** Keys in memory that take their time to be stored, as a database's would. */
function slowKeys(): SignalKeyStore {
  const values = new Map<string, unknown>()
  return {
    get: <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const entries = ids.map((id) => [id, values.get(`${type}/${id}`)] as const)
      const found = entries.filter(([, value]) => value !== undefined && value !== null)
      return structuredClone(Object.fromEntries(found)) as Record<string, SignalDataTypeMap[T]>
    },
    set: async (data) => {
      for (const [type, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries))
          values.set(`${type}/${id}`, structuredClone(value))
      await sleep(STORE_MS)
    },
  }
}

async function plain(simulated: Simulated): Promise<Account> {
  const auth = { creds: initAuthCreds(), keys: slowKeys() }
  const socket = await goOnline(simulated, (listen): WASocket => {
    const made = makeWASocket({ auth, waWebSocketUrl: simulated.url, logger })
    made.ev.on('creds.update', (update) => Object.assign(auth.creds, update))
    made.ev.on('connection.update', listen)
    return made
  })
  const acks = new Map<string, () => void>()
  socket.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => acks.get(attrs['id'] ?? '')?.())
  return {
    send: async (jid, text) => {
      const messageId = crypto.randomUUID().toUpperCase()
      const acknowledged = new Promise<void>((resolve) => acks.set(messageId, resolve))
      await socket.sendMessage(jid, { text }, { messageId })
      await acknowledged
    },
    close: async () => socket.end(new Error(String(DisconnectReason.connectionClosed))),
  }
}

async function ours(simulated: Simulated, window: number | undefined): Promise<Account> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<Account>()
  const done = withBucket(async (bucket) => {
    const stateDir = await mkdtemp(join(tmpdir(), 'wa-bench-sends-'))
    const auth = await openAuthStore({ stateDir, ack: 'remote', revive: reviveForBaileys })
    const replica = new StoreReplica({
      store: slowed(bucket.open(), STORE_MS),
      sealer: benchSealer(),
      auth,
      worker: 'bench',
      ...(window === undefined ? {} : { shipWindowMs: window }),
    })
    trustCertificateRoot(simulated.root, simulated.url)
    await installHooks()
    const claim = await replica.claim({ sessionId: 'one', assigned: true, create: true })
    if (claim.kind !== 'claimed') throw new Error(claim.detail)
    await auth.create('one', initAuthCreds(), claim.base)
    const handle = await auth.open('one')
    const settings = { url: simulated.url, connectTimeoutMs: 20_000 }
    const socket = await goOnline(simulated, (update) => {
      const listeners = { update, message: () => undefined, stalled: () => undefined }
      const saveFailed = (error: unknown): void => ready.reject(error)
      return new SessionSocket(handle, settings, { ...listeners, saveFailed }, logger)
    })
    ready.resolve({
      send: async (jid, text) => {
        const { status } = await socket.sendText(jid, text)
        if (status !== 'sent') throw new Error('a message was not acknowledged')
      },
      close: async () => {
        end()
        await done
      },
    })
    await ended
    await socket.end()
    await handle.close()
    await replica.stop()
    await auth.close()
    await rm(stateDir, { recursive: true })
  })
  done.catch((error: unknown) => ready.reject(error))
  return ready.promise
}

const CONTENDERS: Record<'ours' | 'plain', Open> = { ours, plain }

async function sent(account: Account, contacts: string[]): Promise<number> {
  let count = 0
  const until = performance.now() + SECONDS * 1_000
  const one = async (contact: string, n: number): Promise<void> => {
    while (performance.now() < until) {
      await account.send(`${contact}@s.whatsapp.net`, `text ${n} ${count}`)
      if (performance.now() < until) count++
    }
  }
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, (_, n) => one(contacts[n % contacts.length] ?? '', n)),
  )
  return count / SECONDS
}

/** From the first of many messages to the last receipt, or as many as time allows. */
async function received(simulated: Simulated, contacts: string[]): Promise<number> {
  const before = (await simulated.report()).inbound.acknowledged
  const writing = (async () => {
    for (let n = 0; n < WAITING; n++)
      await simulated.write(contacts[n % contacts.length] ?? '', PHONE, `text ${n}`)
  })()
  const began = performance.now()
  let count = 0
  while (count < WAITING && performance.now() - began < SECONDS * 1_000) {
    await sleep(20)
    count = (await simulated.report()).inbound.acknowledged - before
  }
  const seconds = (performance.now() - began) / 1_000
  await writing
  return count / seconds
}

await contender(CONTENDERS, async (name) => {
  quietConsole()
  const [direction = 'sent', many = '1', window] = process.argv.slice(3)
  const contacts = Array.from({ length: Number(many) }, (_, n) => String(44_770_001 + n))
  const simulated = await startSimulated()
  const account = await CONTENDERS[name](simulated, window === undefined ? window : Number(window))
  // Signal sessions in both directions, so that nothing is measured but messages.
  for (const contact of contacts) await simulated.write(contact, PHONE, 'hello')
  for (const contact of contacts) await account.send(`${contact}@s.whatsapp.net`, 'hello')
  const rate =
    direction === 'sent' ? await sent(account, contacts) : await received(simulated, contacts)
  const { details, inbound } = await simulated.report()
  const harm = details.undecryptable.length + details.reusedCounters.length + inbound.lost
  await account.close()
  await simulated.stop()
  return {
    name: window === undefined ? name : `${name}, ${window} ms window`,
    messages: `${direction}, ${contacts.length === 1 ? '1 contact' : `${contacts.length} contacts`}`,
    'messages/s': Math.round(rate * 10) / 10,
    harm,
  }
})
