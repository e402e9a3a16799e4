import type { ConnectionState } from '@whiskeysockets/baileys'
import type { Logger } from 'pino'
import type { AuthHandle, AuthStore } from '../authstate/port.ts'
import type { LoginGate } from '../recovery/port.ts'
import { CAUSES, causeOfDisconnect, type CauseId } from '../session/cause.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { mayBecome, type SessionState } from '../session/state.ts'
import { backoffMs, type BackoffSettings } from '../session/backoff.ts'
import { Delivered, readMessage, type IncomingMessage } from './messages.ts'
import { SessionStatus } from './session-status.ts'
import { SessionSocket, type SocketSettings } from './socket.ts'

export interface RunnerSettings extends SocketSettings {
  reconnect: BackoffSettings
  /** Milliseconds that sends get to finish before a graceful end goes on without them. */
  drainMs: number
}

export interface RunnerPorts {
  auth: AuthStore
  settings: RunnerSettings
  logger: Logger
  /** Reads the owner record: the worker that owns the session, where that is another one. */
  ownedElsewhere(sessionId: string): Promise<string | undefined>
  /** Admission of logins that no recovery asks for. */
  logins: Pick<LoginGate, 'enter'>
  changed(runner: SessionRunner): void
  received(sessionId: string, message: IncomingMessage): void
}

export type PairingEvent = { type: 'qr'; qr: string } | { type: 'code'; code: string }

/** Restarts that WhatsApp asks for (515) in a row before they count as a fault. */
const MAX_RESTARTS = 3

/**
 * One session's connection, and the only writer of its status. `connect` and `pair` make one attempt each and settle with its outcome; after a
 * success the runner reconnects by itself, by the cause table, until a cause says stop.
 *
 * At most one socket is live: a new one opens only after the old one ended, and events of an old
 * one are ignored.
 */
export class SessionRunner {
  readonly id: string
  readonly #ports: RunnerPorts
  readonly #log: Logger
  readonly #status: SessionStatus
  #handle: AuthHandle | undefined
  #socket: SessionSocket | undefined
  /** Set while `connect` or `pair` waits for an outcome. */
  #attempt: PromiseWithResolvers<void> | undefined
  #pairing: { phone: string | undefined; emit(event: PairingEvent): void } | undefined
  #retries = 0
  #restarts = 0
  #timer: NodeJS.Timeout | undefined
  /** Messages are told of before their receipt and after it, and again when they are redelivered. */
  readonly #delivered = new Delivered()
  readonly #pauses = new Set<string>()

  /** It runs without the object store's word that it is ours. */
  provisional = false
  messagesIn = 0
  messagesOut = 0
  lastActivity: number | undefined

  constructor(id: string, ports: RunnerPorts) {
    this.id = id
    this.#ports = ports
    this.#log = ports.logger.child({ session: id })
    this.#status = new SessionStatus(id, this.#log, () => ports.changed(this))
  }

  get state(): SessionState {
    return this.#status.state
  }

  get cause(): CauseId | undefined {
    return this.#status.cause
  }

  get detail(): string | undefined {
    return this.#status.detail
  }

  /** Milliseconds since the epoch at which the present state began. */
  get since(): number {
    return this.#status.since
  }

  get handle(): AuthHandle | undefined {
    return this.#handle
  }

  get account(): { phone?: string; name?: string } {
    return this.#socket?.account ?? {}
  }

  /** Notes what happens before there is a socket: queued, restoring, or why there is none. */
  mark(state: 'queued' | 'restoring'): void {
    this.#status.become(state)
  }

  fail(cause: CauseId, detail: string): void {
    this.#status.fail(cause, detail)
  }

  /**
   * Opens the connection and resolves when it is `open`. Rejects with the reason of the first
   * failure; one that waiting may heal leaves the state `reconnecting` and nothing scheduled, so
   * the caller decides between another `connect` and `supervise`.
   */
  async connect(signal: AbortSignal): Promise<void> {
    this.#clearTimer()
    await this.#open()
    if (this.#unpaired) {
      await this.#closeHandle()
      this.fail('no-state', 'the local state has never been paired')
      throw this.#status.asError()
    }
    await this.#attemptWith(signal)
  }

  /** Waits for a phone and resolves when the new device is online. The handle's creds are fresh. */
  async pair(
    phone: string | undefined,
    emit: (event: PairingEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#clearTimer()
    await this.#open()
    this.#pairing = { phone, emit }
    try {
      await this.#attemptWith(signal)
    } finally {
      this.#pairing = undefined
    }
  }

  /** A recovery takes charge. */
  taken(): void {
    if (this.#handle === undefined && mayBecome(this.state, 'queued')) this.mark('queued')
  }

  waits(_until: number | undefined): void {}

  /** Goes on trying in the background after a recovery that failed for a passing cause. */
  givenBack(): void {
    if (this.state === 'reconnecting' && this.#timer === undefined) this.#reconnectLater()
  }

  async sendText(
    jid: string,
    text: string,
  ): Promise<{ messageId: string; status: 'sent' | 'pending' }> {
    if (this.state !== 'online' || this.#socket === undefined) {
      const hint = `run \`wa-gateway session show ${this.id}\``
      throw this.#status.refuse('session.not-online', ", so it can't send", hint)
    }
    const sent = await this.#socket.sendText(jid, text)
    this.messagesOut++
    this.lastActivity = Date.now()
    return sent
  }

  /** Unlinks the device. The session must be online; the local state stays where it is. */
  async logout(): Promise<void> {
    const socket = this.#socket
    if (this.state !== 'online' || socket === undefined) {
      const hint = `run \`wa-gateway recover --session ${this.id}\` first`
      const why = ', and WhatsApp can only be told while it is online'
      throw this.#status.refuse('session.not-online', why, hint)
    }
    this.#socket = undefined
    await socket.logout()
    await this.#closeHandle()
    this.fail('logged-out', 'logged out by the operator')
  }

  /** Seals, lets the last receipts out, closes. Never logs out. Safe in every state. */
  async stop(): Promise<void> {
    this.#clearTimer()
    if (this.state === 'closed') return
    this.#status.become('closing')
    const socket = this.#socket
    this.#socket = undefined
    this.#attempt?.reject(stopping(this.id))
    this.#attempt = undefined
    await socket?.endGracefully(this.#ports.settings.drainMs)
    await this.#closeHandle()
    this.#status.become('closed')
  }

  /** The object store says, after all, that the session is ours. */
  confirm(): void {
    this.provisional = false
    this.#ports.changed(this)
  }

  /** Another worker has the session: end at once, without a word to WhatsApp about logging out. */
  async lost(detail: string): Promise<void> {
    if (this.#status.stopping) return
    this.#clearTimer()
    const socket = this.#socket
    this.#socket = undefined
    await socket?.end()
    await this.#closeHandle()
    this.fail('owned-elsewhere', detail)
    this.#settleAttempt(this.#status.asError())
  }

  /** No phone has linked this device yet (creds.registered stays false after a QR pairing). */
  get #unpaired(): boolean {
    return !this.#handle?.state.creds.account
  }

  async #open(): Promise<void> {
    if (this.#socket !== undefined || this.#attempt !== undefined) {
      throw this.#status.refuse('session.busy', '', 'wait for it, or pause it first')
    }
    if (this.#handle !== undefined) return
    const handle = await this.#ports.auth.open(this.id)
    this.#handle = handle
    handle.onDamage((error) => void this.#damaged(handle, error))
  }

  async #attemptWith(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const attempt = Promise.withResolvers<void>()
    this.#attempt = attempt
    this.#restarts = 0
    const onAbort = () => void this.#abandon(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#openSocket()
      await attempt.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async #abandon(reason: unknown): Promise<void> {
    const attempt = this.#attempt
    if (attempt === undefined) return
    this.#attempt = undefined
    const socket = this.#socket
    this.#socket = undefined
    await socket?.end()
    const cause: CauseId =
      reason instanceof Error && reason.name === 'TimeoutError' ? 'timeout' : 'cancelled'
    if (this.#unpaired) await this.#stopWith('pairing-expired', CAUSES['pairing-expired'].words)
    else this.#status.become('reconnecting', cause, CAUSES[cause].words)
    attempt.reject(this.#status.asError())
  }

  #openSocket(): void {
    const handle = this.#handle
    if (handle === undefined) throw new Error('a socket needs an open auth handle')
    this.#status.become(this.#unpaired ? 'pairing' : 'connecting')
    const socket: SessionSocket = new SessionSocket(
      handle,
      this.#ports.settings,
      {
        update: (update) => {
          if (this.#socket === socket) void this.#updated(socket, update)
        },
        stalled: (stalled) => {
          if (this.#socket === socket) this.#stalled(stalled)
        },
        message: (message) => {
          const incoming = readMessage(message)
          if (incoming === undefined || !this.#delivered.first(message)) return
          this.messagesIn++
          this.lastActivity = Date.now()
          this.#ports.received(this.id, incoming)
        },
        saveFailed: (error) => this.#log.error({ err: error }, 'the creds could not be saved'),
      },
      this.#log,
    )
    this.#socket = socket
    for (const reason of this.#pauses) socket.pause(reason)
  }

  /** Reading from WhatsApp stops, on this socket and those that follow, until `resumeReading`. */
  pauseReading(reason: string): void {
    this.#pauses.add(reason)
    this.#socket?.pause(reason)
  }

  resumeReading(reason: string): void {
    this.#pauses.delete(reason)
    this.#socket?.resume(reason)
  }

  #stalled(stalled: boolean): void {
    if (this.state !== 'online') return
    if (stalled) this.#status.become('online', 'stalled', CAUSES.stalled.words)
    else this.#status.become('online')
  }

  /** A read found the stored state damaged; the handle has sealed itself and answers no more. */
  async #damaged(handle: AuthHandle, error: Error): Promise<void> {
    if (this.#handle !== handle || this.#status.stopping) return
    this.#log.error({ err: error }, 'the auth state is damaged: the session stops')
    this.#clearTimer()
    const socket = this.#socket
    this.#socket = undefined
    try {
      await socket?.end()
      await this.#stopWith('damaged', error.message)
    } catch (failure) {
      this.#log.error({ err: failure }, 'closing a damaged session failed')
      this.fail('damaged', error.message)
    }
  }

  async #updated(socket: SessionSocket, update: Partial<ConnectionState>): Promise<void> {
    if (update.qr !== undefined) await this.#showPairing(socket, update.qr)
    if (update.connection === 'open') this.#opened()
    if (update.connection === 'close') {
      this.#socket = undefined
      const error = update.lastDisconnect?.error
      try {
        await this.#closed(statusOf(error), error?.message)
      } catch (failure) {
        this.#log.error({ err: failure }, 'handling a disconnect failed')
        await this.#stopWith('internal', toGatewayError(failure).message)
      }
    }
  }

  async #showPairing(socket: SessionSocket, qr: string): Promise<void> {
    const pairing = this.#pairing
    if (pairing === undefined) return
    if (pairing.phone === undefined) {
      pairing.emit({ type: 'qr', qr })
      return
    }
    const { phone } = pairing
    // One code a connection: the later QR refs would only replace what the person is typing.
    pairing.phone = ''
    if (phone === '') return
    try {
      pairing.emit({ type: 'code', code: await socket.requestPairingCode(phone) })
    } catch (error) {
      await socket.end()
      await this.#stopWith('connection-lost', toGatewayError(error).message)
    }
  }

  #opened(): void {
    this.#retries = 0
    this.#restarts = 0
    this.lastActivity = Date.now()
    this.#status.become('online')
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.resolve()
  }

  async #closed(statusCode: number | undefined, message: string | undefined): Promise<void> {
    if (this.#status.stopping) return
    const unpaired = this.#unpaired
    const id = causeOfDisconnect({ statusCode, message, pairing: unpaired })
    const detail = `${CAUSES[id].words}${statusCode === undefined ? '' : ` (${statusCode})`}`
    this.#log.info({ cause: id, statusCode }, 'disconnected')
    switch (CAUSES[id].action) {
      case 'reconnect-now':
        if (++this.#restarts <= MAX_RESTARTS) return this.#openSocket()
        return this.#retryLater(id, detail)
      case 'backoff':
        // A half-made pairing can't go on: its code would make the next connection a login.
        if (unpaired) return this.#stopWith(id, detail)
        return this.#retryLater(id, detail)
      case 'ask-owner': {
        const elsewhere = await this.#ports.ownedElsewhere(this.id)
        if (this.#status.stopping) return
        if (elsewhere === undefined) return this.#stopWith(id, detail)
        return this.#stopWith('owned-elsewhere', `another worker took the session (${elsewhere})`)
      }
      case 'stop':
        return this.#stopWith(id, detail)
    }
  }

  #retryLater(id: CauseId, detail: string): void {
    this.#status.become('reconnecting', id, detail)
    if (this.#attempt === undefined) this.#reconnectLater()
    else this.#settleAttempt(this.#status.asError())
  }

  #reconnectLater(): void {
    const wait = backoffMs(this.#retries++, this.#ports.settings.reconnect, Math.random())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.state === 'reconnecting') this.#openWhenStored()
    }, wait)
  }

  /** While changes wait to be stored no frame could leave, so a connection would only time out. */
  #openWhenStored(): void {
    const handle = this.#handle
    if (handle === undefined || handle.ackSeq >= handle.seq) return this.#openSocket()
    this.#status.become('reconnecting', 'stalled', CAUSES.stalled.words)
    const stopListening = handle.onAck(() => {
      const waiting = this.state === 'reconnecting' && this.#handle === handle
      if (waiting && this.#socket === undefined && handle.ackSeq < handle.seq) return
      stopListening()
      if (waiting && this.#socket === undefined) this.#openSocket()
    })
  }

  async #stopWith(id: CauseId, detail: string): Promise<void> {
    this.#socket = undefined
    await this.#closeHandle()
    this.fail(id, detail)
    this.#settleAttempt(this.#status.asError())
  }

  #settleAttempt(error: GatewayError): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    attempt?.reject(error)
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.provisional = false
    await handle?.close()
  }

  #clearTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

function stopping(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'interrupted',
    subject: sessionId,
    message: `session ${sessionId} is being stopped`,
  })
}

/** Baileys wraps its reasons in Boom errors; what has no status was a transport failure. */
function statusOf(error: unknown): number | undefined {
  if (error === undefined || error === null) return undefined
  const { output } = error as { output?: { statusCode?: unknown } }
  return typeof output?.statusCode === 'number' ? output.statusCode : undefined
}
