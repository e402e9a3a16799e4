import { setTimeout as sleep } from 'node:timers/promises'
import {
  makeWASocket,
  proto,
  type BaileysEventMap,
  type ConnectionState,
  type WASocket,
  type WAMessage,
  type WAVersion,
} from '@whiskeysockets/baileys'
import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import { splitRepository, TRANSACTIONS } from './hooks/split.ts'
import { baileysLogger } from './logger.ts'

export interface SocketSettings {
  url: string
  /** WhatsApp Web's version; Baileys' own pin where absent. Never asked of the network. */
  version?: WAVersion | undefined
  connectTimeoutMs: number
}

export interface SocketListeners {
  update(update: Partial<ConnectionState>): void
  message(message: WAMessage): void
  /** A creds save failed; the auth store has sealed itself. */
  saveFailed(error: unknown): void
}

/** WhatsApp's own receipts for what was sent just before a socket ends. */
const LAST_RECEIPTS_MS = 50
/** How long a socket may take to say goodbye before its TCP connection is cut. */
const CLOSE_MS = 2_000
const ACK_MS = 10_000

/** What arrived from WhatsApp is wanted in `messages.upsert` at once: no wait for a history sync. */
const HISTORY = new Set<proto.Message.HistorySyncType | null | undefined>([
  proto.Message.HistorySyncType.FULL,
  proto.Message.HistorySyncType.RECENT,
])

/** One Baileys socket over one auth handle. Exactly one may be live for an account. */
export class SessionSocket {
  readonly #socket: WASocket
  readonly #handle: AuthHandle
  readonly #sending = new Set<Promise<unknown>>()
  #ended: Promise<void> | undefined

  constructor(
    handle: AuthHandle,
    settings: SocketSettings,
    listeners: SocketListeners,
    logger: Logger,
  ) {
    this.#handle = handle
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
      makeSignalRepository: splitRepository(handle.state.keys),
    })
    this.#socket.ev.on('creds.update', () => {
      handle.saveCreds().catch((error: unknown) => listeners.saveFailed(error))
    })
    this.#socket.ev.on('connection.update', (update) => listeners.update(update))
    this.#socket.ev.on('messages.upsert', ({ messages }: BaileysEventMap['messages.upsert']) => {
      for (const message of messages) listeners.message(message)
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

  /**
   * Sends a text. Resolves with `sent` when WhatsApp's server acknowledged it, with `pending` when
   * the message left but no acknowledgement came in time.
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
    try {
      await this.#socket.sendMessage(jid, { text }, { messageId })
      return { messageId, status: await acknowledged.promise }
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
    const onClose = () => resolve('pending')
    this.#socket.ws.on(event, onAck)
    this.#socket.ws.on('close', onClose)
    const timer = setTimeout(() => resolve('pending'), ACK_MS)
    return {
      promise,
      cancel: () => {
        clearTimeout(timer)
        this.#socket.ws.off(event, onAck)
        this.#socket.ws.off('close', onClose)
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
   * out. `waitMs` bounds the wait for sends that don't finish.
   */
  async endGracefully(waitMs: number): Promise<void> {
    await Promise.race([
      Promise.allSettled(this.#sending),
      sleep(waitMs, undefined, { ref: false }),
    ])
    await this.#handle.seal()
    await sleep(LAST_RECEIPTS_MS)
    await this.end()
    // end() destroys the event emitter, so the creds of the last moment are saved by hand.
    await this.#handle.saveCreds()
    await this.#handle.whenDurable()
  }

  /** Ends the socket now. */
  end(): Promise<void> {
    this.#ended ??= this.#withCutOff(this.#socket.end(undefined))
    return this.#ended
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
