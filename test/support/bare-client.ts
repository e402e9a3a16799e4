import { createRequire } from 'node:module'
import {
  BufferJSON,
  initAuthCreds,
  makeWASocket,
  WA_CERT_DETAILS,
  type AuthenticationCreds,
  type AuthenticationState,
  type SignalDataTypeMap,
  type WASocket,
} from '@whiskeysockets/baileys'
import { pino } from 'pino'
import type { Simulator } from '../../src/simulator/simulator.ts'

// libsignal prints whole sessions.
Object.assign(console, { info: () => undefined, warn: () => undefined, error: () => undefined })

const logger = pino({ level: 'silent' })

/** Auth state in memory; values are copied in and out, as a store on disk would. */
export class MemoryAuth {
  creds: AuthenticationCreds = initAuthCreds()
  readonly values = new Map<string, string>()

  get state(): AuthenticationState {
    return {
      creds: this.creds,
      keys: {
        get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
          const found: { [id: string]: SignalDataTypeMap[T] } = {}
          for (const id of ids) {
            const text = this.values.get(`${type}/${id}`)
            if (text !== undefined) found[id] = decode(text) as SignalDataTypeMap[T]
          }
          return found
        },
        set: async (data) => {
          for (const [type, values] of Object.entries(data)) {
            for (const [id, value] of Object.entries(values ?? {})) {
              const key = `${type}/${id}`
              if (value === null || value === undefined) this.values.delete(key)
              else this.values.set(key, JSON.stringify(value, BufferJSON.replacer))
            }
          }
        },
      },
    }
  }

  /** A copy of everything as it is now. */
  copy(): MemoryAuth {
    const copy = new MemoryAuth()
    copy.creds = decode(JSON.stringify(this.creds, BufferJSON.replacer)) as AuthenticationCreds
    for (const [key, value] of this.values) copy.values.set(key, value)
    return copy
  }
}

function decode(text: string): unknown {
  return JSON.parse(text, BufferJSON.reviver) as unknown
}

interface InnerSocket {
  send(data: Uint8Array, sent?: (error?: Error) => void): void
}

/** What a socket of the gateway's library experienced. */
export class Client {
  readonly auth: MemoryAuth
  readonly socket: WASocket
  readonly qrs: string[] = []
  /** Texts that arrived, and 'undecryptable'. */
  readonly texts: string[] = []
  /** The newest status of each message that was sent: 2 taken by the server, 3 delivered. */
  readonly statuses = new Map<string, number>()
  state: 'connecting' | 'open' | 'close' = 'connecting'
  /** The status code and message that it closed with. */
  closed: { code: number | undefined; message: string } | undefined

  constructor(simulator: Simulator, auth: MemoryAuth = new MemoryAuth(), options: object = {}) {
    WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(simulator.rootHex, 'hex')
    this.auth = auth
    this.socket = makeWASocket({
      auth: auth.state,
      waWebSocketUrl: simulator.url,
      logger,
      markOnlineOnConnect: false,
      ...options,
    })
    // The library leaves its own sends unhandled when they fail because TCP was cut.
    const inner = (this.socket.ws as unknown as { socket: InnerSocket }).socket
    const send = inner.send.bind(inner)
    inner.send = (data, sent) => send(data, () => sent?.())
    this.socket.ev.on('connection.update', (update) => {
      if (update.qr !== undefined) this.qrs.push(update.qr)
      if (update.connection !== undefined) this.state = update.connection
      if (update.connection !== 'close') return
      const error = update.lastDisconnect?.error as
        | { message: string; output?: { statusCode: number } }
        | undefined
      this.closed = { code: error?.output?.statusCode, message: error?.message ?? '' }
    })
    this.socket.ev.on('messages.update', (updates) => {
      for (const { key, update } of updates) this.statuses.set(key.id ?? '', update.status ?? 0)
    })
    this.socket.ev.on('messages.upsert', ({ messages }) => {
      for (const { key, message, messageStubType, status } of messages) {
        if (key.fromMe === true) {
          this.statuses.set(key.id ?? '', status ?? 0)
          continue
        }
        if (messageStubType !== undefined && messageStubType !== null) {
          this.texts.push('undecryptable')
        } else this.texts.push(message?.conversation ?? message?.extendedTextMessage?.text ?? '')
      }
    })
  }

  async qr(): Promise<string> {
    await until(() => this.qrs.length > 0 || this.closed !== undefined)
    return this.qrs.at(-1) ?? ''
  }

  async opened(): Promise<this> {
    await until(() => this.state !== 'connecting')
    if (this.state !== 'open') throw new Error(`closed: ${JSON.stringify(this.closed)}`)
    return this
  }

  async closedWith(): Promise<number | undefined> {
    await until(() => this.closed !== undefined)
    return this.closed?.code
  }

  async end(): Promise<void> {
    await this.socket.end(undefined)
  }
}

/** Pairs a new device by QR code and returns it logged in, its first synchronisation done. */
export async function pair(simulator: Simulator, user: string): Promise<Client> {
  const auth = new MemoryAuth()
  const first = new Client(simulator, auth)
  await simulator.phone(user).scan(await first.qr())
  await first.closedWith()
  const client = await new Client(simulator, auth).opened()
  await until(() => auth.creds.accountSyncCounter > 0)
  return client
}

/** Polls until the condition holds; the test's own time limit ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Checks certificates for real, which the library does not: it drops the result. */
export function strictCertificates(): () => void {
  const requireHere = createRequire(import.meta.url)
  const requireLikeBaileys = createRequire(requireHere.resolve('@whiskeysockets/baileys'))
  const fromLibsignal = createRequire(requireLikeBaileys.resolve('libsignal/src/curve.js'))
  const curve = fromLibsignal('curve25519-js') as {
    verify: (key: Buffer, message: Buffer, signature: Buffer) => boolean
  }
  const lax = curve.verify
  curve.verify = (key, message, signature) => {
    if (!lax(key, message, signature)) throw new Error('bad signature')
    return true
  }
  return () => {
    curve.verify = lax
  }
}
