import type { ConnectionState } from '@whiskeysockets/baileys'
import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'
import { Delivered, readMessage, type IncomingMessage } from './messages.ts'
import { SessionSocket, type SocketSettings } from './socket.ts'

interface LineEvents {
  update(update: Partial<ConnectionState>): void
  stalled(stalled: boolean): void
  received(message: IncomingMessage): void
}

/**
 * The sockets of one session, one after another: at most one is live, and a later one opens only
 * after the one before it has ended. What a socket that was put down still says is not heard.
 */
export class Line {
  readonly #settings: SocketSettings
  readonly #log: Logger
  /** Messages are told of before their receipt and after it, and again when they are redelivered. */
  readonly #delivered = new Delivered()
  readonly #pauses = new Set<string>()
  #socket: SessionSocket | undefined
  /** Settles when the last socket that was put down has ended; it never rejects. */
  #ended: Promise<void> = Promise.resolve()

  messagesIn = 0
  messagesOut = 0
  lastActivity: number | undefined

  constructor(settings: SocketSettings, log: Logger) {
    this.#settings = settings
    this.#log = log
  }

  get account(): { phone?: string; name?: string } {
    return this.#socket?.account ?? {}
  }

  /** Resolves when nothing of an earlier socket is left; call it before `open`. */
  free(): Promise<void> {
    return this.#ended
  }

  open(handle: AuthHandle, events: LineEvents): void {
    const socket: SessionSocket = new SessionSocket(
      handle,
      this.#settings,
      {
        update: (update) => {
          if (this.#socket !== socket) return
          if (update.connection === 'close') this.#socket = undefined
          if (update.connection === 'open') this.lastActivity = Date.now()
          events.update(update)
        },
        stalled: (stalled) => {
          if (this.#socket === socket) events.stalled(stalled)
        },
        message: (message) => {
          const incoming = readMessage(message)
          if (incoming === undefined || !this.#delivered.first(message)) return
          this.messagesIn++
          this.lastActivity = Date.now()
          events.received(incoming)
        },
        saveFailed: (error) => this.#log.error({ err: error }, 'the creds could not be saved'),
      },
      this.#log,
    )
    this.#socket = socket
    for (const reason of this.#pauses) socket.pause(reason)
  }

  async requestPairingCode(phone: string): Promise<string> {
    return this.#live().requestPairingCode(phone)
  }

  async sendText(
    jid: string,
    text: string,
  ): Promise<{ messageId: string; status: 'sent' | 'pending' }> {
    const sent = await this.#live().sendText(jid, text)
    this.messagesOut++
    this.lastActivity = Date.now()
    return sent
  }

  /** Reading from WhatsApp stops, on this socket and those that follow, until `resume`. */
  pause(reason: string): void {
    this.#pauses.add(reason)
    this.#socket?.pause(reason)
  }

  resume(reason: string): void {
    this.#pauses.delete(reason)
    this.#socket?.resume(reason)
  }

  /** Unlinks the device and puts the socket down. */
  logout(): Promise<void> {
    return this.#putDown((socket) => socket.logout())
  }

  /** Puts the socket down, where there is one, and resolves when it has ended. */
  end(): Promise<void> {
    return this.#putDown((socket) => socket.end())
  }

  /** Like `end`, with nothing acknowledged that is not durable, and the last sends done. */
  endGracefully(waitMs: number): Promise<void> {
    return this.#putDown((socket) => socket.endGracefully(waitMs))
  }

  async #putDown(end: (socket: SessionSocket) => Promise<void>): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    const before = this.#ended
    const ending = before.then(() => (socket === undefined ? undefined : end(socket)))
    // Whether it failed is for the caller; the next socket waits for its end either way.
    this.#ended = ending.catch(() => undefined)
    await ending
  }

  #live(): SessionSocket {
    if (this.#socket === undefined) throw new Error('there is no connection')
    return this.#socket
  }
}
