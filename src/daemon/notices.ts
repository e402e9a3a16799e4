import type { Logger } from 'pino'
import type { SessionStatusNotice, WorkerRegistry } from '../backend/port.ts'
import { backendStatus, type SessionView } from '../session/state.ts'
import type { SessionEvent } from '../whatsapp/ports.ts'

/** WhatsApp shows the first QR of a pairing for 60 s, each further one for 20 s. */
const FIRST_QR_MS = 60_000
const QR_MS = 20_000

type Backend = Pick<WorkerRegistry, 'notifySessionStatus' | 'forget'>

/**
 * Tells the backend of every change of a session's status. What only differs in our own finer words
 * is not sent, nor what becomes of a session that another worker runs.
 */
export class StatusNotices {
  readonly #backend: Backend
  readonly #logger: Logger
  readonly #told = new Map<string, string>()
  readonly #calls = new Set<Promise<void>>()

  constructor(backend: Backend, logger: Logger) {
    this.#backend = backend
    this.#logger = logger
  }

  /** A listener for the service's events. */
  readonly listen = (event: SessionEvent): void => {
    if (event.type === 'session') this.#changed(event.view)
    // The backend's contract knows pairing by QR only.
    if (event.type === 'pairing' && event.qr !== undefined) this.#waits(event.sessionId, event.qr)
  }

  /** The session is another worker's: what was not told yet is not told any more. */
  forget(sessionId: string): void {
    this.#told.delete(sessionId)
    this.#backend.forget(sessionId)
  }

  /** Resolves when every notice so far was taken. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls)
  }

  #changed(view: SessionView): void {
    if (view.cause === 'owned-elsewhere') return this.forget(view.id)
    const status = backendStatus(view.state)
    // QR_REQUIRED goes out with its QR.
    if (status === 'QR_REQUIRED' || view.state === 'idle') return
    const connected = status === 'CONNECTED'
    this.#send(view.id, status, {
      status,
      ...(connected && view.phone !== undefined ? { phone: view.phone } : {}),
      ...(connected && view.name !== undefined ? { displayName: view.name } : {}),
    })
  }

  #waits(sessionId: string, qrCode: string): void {
    const again = this.#told.get(sessionId)?.startsWith('QR_REQUIRED') === true
    const expiresAt = Date.now() + (again ? QR_MS : FIRST_QR_MS)
    this.#send(sessionId, `QR_REQUIRED ${qrCode}`, { status: 'QR_REQUIRED', qrCode, expiresAt })
  }

  #send(sessionId: string, told: string, notice: Omit<SessionStatusNotice, 'sessionId' | 'at'>) {
    if (this.#told.get(sessionId) === told) return
    this.#told.set(sessionId, told)
    const call = this.#notify({ sessionId, at: Date.now(), ...notice })
    this.#calls.add(call)
    void call.finally(() => this.#calls.delete(call))
  }

  async #notify(notice: SessionStatusNotice): Promise<void> {
    try {
      await this.#backend.notifySessionStatus(notice)
    } catch (error) {
      this.#logger.warn(
        { err: error, session: notice.sessionId },
        'the backend was not told of a status',
      )
    }
  }
}
