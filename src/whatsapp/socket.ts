import { setTimeout as sleep } from 'node:timers/promises'
import {
  makeWASocket,
  proto,
  type BaileysEventMap,
  type BinaryNode,
  type ConnectionState,
  type WASocket,
  type WAMessage,
  type WAVersion,
} from '@whiskeysockets/baileys'
import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import { followFrames, innerSocket, SendGate, type Departure } from './hooks/gate.ts'
import { Memo } from './hooks/memo.ts'
import { TRANSACTIONS } from './hooks/split.ts'
import { baileysLogger } from './logger.ts'
import { messageOf } from './messages.ts'

export interface SocketSettings {
  url: string
  /** WhatsApp Web's version; Baileys' own pin where absent. Never asked of the network. */
  version?: WAVersion | undefined
  connectTimeoutMs: number
}

export interface SocketListeners {
  update(update: Partial<ConnectionState>): void
  /** Called for each message, twice for most: when it may be acknowledged, and when Baileys tells. */
  message(message: WAMessage): void
  /** Frames have been held back for long, since changes don't become durable; or no longer. */
  stalled(stalled: boolean): void
  /** A creds save failed; the auth store has sealed itself. */
  saveFailed(error: unknown): void
}

/** WhatsApp's own receipts for what was sent just before a socket ends. */
const LAST_RECEIPTS_MS = 50
/** How long a socket may take to say goodbye before its TCP connection is cut. */
const CLOSE_MS = 2_000
const ACK_MS = 10_000
/** A frame held for so long is told of, before Baileys would give the connection up. */
const STALL_MS = 10_000
/** Bytes held back above which nothing more is read. */
const HELD_BYTES = 4 * 1024 * 1024

/** What arrived from WhatsApp is wanted in `messages.upsert` at once: no wait for a history sync. */
const HISTORY = new Set<proto.Message.HistorySyncType | null | undefined>([
  proto.Message.HistorySyncType.FULL,
  proto.Message.HistorySyncType.RECENT,
])

/** One Baileys socket over one auth handle. Exactly one may be live for an account. */
export class SessionSocket {
  readonly #socket: WASocket
  readonly #handle: AuthHandle
  readonly #gate: SendGate
  readonly #listeners: SocketListeners
  readonly #logger: Logger
  readonly #sending = new Set<Promise<unknown>>()
  #ended: Promise<void> | undefined

  constructor(
    handle: AuthHandle,
    settings: SocketSettings,
    listeners: SocketListeners,
    logger: Logger,
  ) {
    this.#handle = handle
    this.#listeners = listeners
    this.#logger = logger
    const memo = new Memo(handle.keysAhead, (stanza, plaintext) =>
      this.#decrypted(stanza, plaintext),
    )
    this.#socket = makeWASocket({
      auth: handle.state,
      waWebSocketUrl: settings.url,
      ...(settings.version === undefined ? {} : { version: settings.version }),
      connectTimeoutMs: settings.connectTimeoutMs,
      logger: baileysLogger(logger),
      // The phone keeps its notifications.
      markOnlineOnConnect: false,
      syncFullHistory: false,
      shouldSyncHistoryMessage: ({ syncType }) => !HISTORY.has(syncType),
      transactionOpts: TRANSACTIONS,
      makeSignalRepository: memo.makeRepository,
    })
    memo.watch(this.#socket.ws)
    this.#gate = new SendGate(
      innerSocket(this.#socket.ws),
      handle,
      (stalled) => listeners.stalled(stalled),
      { stallMs: Math.min(STALL_MS, settings.connectTimeoutMs / 2), highWaterBytes: HELD_BYTES },
    )
    this.#socket.ev.on('creds.update', () => {
      handle.saveCreds().catch((error: unknown) => listeners.saveFailed(error))
    })
    this.#socket.ev.on('connection.update', (update) => {
      // Baileys tells of `open` also where the queries before it failed because WhatsApp hung up.
      if (update.connection === 'open' && !this.#socket.ws.isOpen) return
      listeners.update(update)
    })
    this.#socket.ev.on('messages.upsert', ({ messages }: BaileysEventMap['messages.upsert']) => {
      for (const message of messages) this.#tell(message, 0)
    })
  }

  /** Digits of the account's number and its display name, once paired. */
  get account(): { phone?: string; name?: string } {
    const me = this.#handle.state.creds.me
    const phone = me?.id.split(/[:@]/)[0]
    return {
      ...(phone === undefined ? {} : { phone }),
      ...(me?.name === undefined || me.name === '~' ? {} : { name: me.name }),
    }
  }

  requestPairingCode(phone: string): Promise<string> {
    return this.#socket.requestPairingCode(phone)
  }

  /** Stops reading from WhatsApp until `resume` is called with the same reason. */
  pause(reason: string): void {
    this.#gate.pause(reason)
  }

  resume(reason: string): void {
    this.#gate.resume(reason)
  }

  /**
   * Sends a text. Resolves with `sent` when WhatsApp's server acknowledged it, with `pending` when
   * no acknowledgement came in time: the message may have arrived, or may still be held back until
   * its key change is durable. Throws `session.not-online` when it is certain that it never left.
   */
  async sendText(
    jid: string,
    text: string,
  ): Promise<{ messageId: string; status: 'sent' | 'pending' }> {
    const work = this.#sendText(jid, text)
    this.#sending.add(work)
    try {
      return await work
    } finally {
      this.#sending.delete(work)
    }
  }

  async #sendText(jid: string, text: string) {
    const messageId = `3EB0${crypto.randomUUID().replaceAll('-', '').slice(0, 18).toUpperCase()}`
    const acknowledged = this.#serverAck(messageId)
    const departure: Departure = { last: 'none' }
    try {
      const sending = followFrames(departure, () =>
        this.#socket.sendMessage(jid, { text }, { messageId }),
      )
      // A sealed auth state lets nothing more settle.
      await Promise.race([sending, this.#gate.closed])
      const status = await acknowledged.promise
      const left = departure.last !== 'dropped' && departure.last !== 'none'
      if (status === 'pending' && !left) throw neverLeft()
      return { messageId, status }
    } finally {
      acknowledged.cancel()
    }
  }

  #serverAck(messageId: string): { promise: Promise<'sent' | 'pending'>; cancel(): void } {
    const { promise, resolve, reject } = Promise.withResolvers<'sent' | 'pending'>()
    // Nobody awaits it when sendMessage itself fails.
    promise.catch(() => undefined)
    const event = `CB:ack,id:${messageId}`
    const onAck = (node: { attrs: Record<string, string> }) => {
      const error = node.attrs['error']
      if (error === undefined) resolve('sent')
      else {
        reject(
          new GatewayError({
            code: 'session.rejected',
            message: `WhatsApp refused the message (error ${error})`,
            hint: 'check that the number exists and that the account may write to it',
          }),
        )
      }
    }
    void this.#gate.closed.then(() => resolve('pending'))
    this.#socket.ws.on(event, onAck)
    const timer = setTimeout(() => resolve('pending'), ACK_MS)
    return {
      promise,
      cancel: () => {
        clearTimeout(timer)
        this.#socket.ws.off(event, onAck)
      },
    }
  }

  /** Unlinks the device from the phone and ends the socket. */
  async logout(): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#socket.ev.on('connection.update', ({ connection }) => {
      if (connection === 'close') resolve()
    })
    await this.#withCutOff(this.#socket.logout().then(() => closed))
  }

  /**
   * Ends the socket so that nothing is acknowledged that is not durable, and everything durable is
   * acknowledged: finish sending, seal the auth state, let the last receipts out, close. Never logs
   * out. `waitMs` bounds the wait for sends that don't finish, for changes that can't be
   * acknowledged and for frames that are held.
   */
  async endGracefully(waitMs: number): Promise<void> {
    const until = performance.now() + waitMs
    const left = () => Math.max(0, until - performance.now())
    await within(left(), Promise.allSettled(this.#sending))
    await this.#handle.seal({ deadlineMs: left() })
    await sleep(LAST_RECEIPTS_MS)
    await within(left(), this.#gate.drained())
    await this.end()
    // end() destroys the event emitter, so the creds of the last moment are saved by hand.
    await this.#handle.saveCreds()
    await this.#handle.whenDurable()
  }

  /** Ends the socket now. */
  end(): Promise<void> {
    if (this.#ended === undefined) {
      // Baileys has stopped listening as soon as this returns, so that reading on is harmless.
      this.#ended = this.#withCutOff(this.#socket.end(undefined))
      this.#gate.resumeAll()
    }
    return this.#ended
  }

  /**
   * Hands a message over before its receipt leaves, and not when Baileys tells of it, which is
   * afterwards: a kill between the two would lose it to the application for good.
   */
  #decrypted(stanza: BinaryNode, plaintext: Uint8Array): void {
    const { me } = this.#handle.state.creds
    if (me === undefined) return
    try {
      this.#tell(messageOf(stanza, plaintext, me), plaintext.length)
    } catch (error) {
      // Thrown on, it would look to Baileys like a message that can't be decrypted.
      this.#logger.warn({ err: error }, 'a message could not be read')
    }
  }

  /** As soon as its ratchet step may be acknowledged. */
  #tell(message: WAMessage, bytes: number): void {
    this.#gate.tell(bytes, () => {
      try {
        this.#listeners.message(message)
      } catch (error) {
        // Its frames are not to stay behind the gate for this.
        this.#logger.error({ err: error }, 'a message could not be handed over')
      }
    })
  }

  /** `ws` waits up to 30 s for a peer that doesn't answer the close; here it is cut earlier. */
  async #withCutOff(closing: Promise<void>): Promise<void> {
    const cut = setTimeout(() => terminate(this.#socket.ws), CLOSE_MS)
    try {
      await closing
    } finally {
      clearTimeout(cut)
    }
  }
}

/** Baileys' client keeps the `ws` socket in a field that its types don't show. */
function terminate(client: object): void {
  const { socket } = client as { socket?: { terminate?(): void } | null }
  socket?.terminate?.()
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const limit = sleep(ms, undefined, { ref: false, signal: timer.signal })
  // Only ever aborted below.
  limit.catch(() => undefined)
  try {
    await Promise.race([work, limit])
  } finally {
    timer.abort()
  }
}

function neverLeft(): GatewayError {
  return new GatewayError({
    code: 'session.not-online',
    message: 'the connection ended before the message could leave',
    hint: 'send it again when the session is online',
  })
}
