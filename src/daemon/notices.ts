import type { Logger } from 'pino'
import type { WorkerRegistry } from '../backend/port.ts'
import { backendStatus, type SessionView } from '../session/state.ts'
import type { SessionEvent } from '../whatsapp/ports.ts'

/**
 * Tells the backend of every change of a session's status. What only differs in our own finer words is not sent.
 */
export class StatusNotices {
  readonly #backend: WorkerRegistry
  readonly #logger: Logger
  readonly #told = new Map<string, string>()
  readonly #calls = new Set<Promise<void>>()

  constructor(backend: WorkerRegistry, logger: Logger) {
    this.#backend = backend
    this.#logger = logger
  }

  /** A listener for the service's events. */
  readonly listen = (event: SessionEvent): void => {
    if (event.type === 'session') this.#changed(event.view)
    // The backend's contract knows pairing by QR only.
    if (event.type === 'pairing' && event.qr !== undefined) {
      this.#send(event.sessionId, `QR_REQUIRED ${event.qr}`, {
        status: 'QR_REQUIRED',
        qrCode: event.qr,
      })
    }
  }

  /** Resolves when every call so far has ended. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls)
  }

  #changed(view: SessionView): void {
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

  #send(
    sessionId: string,
    told: string,
    notice: Omit<Parameters<WorkerRegistry['notifySessionStatus']>[0], 'sessionId' | 'at'>,
  ): void {
    if (this.#told.get(sessionId) === told) return
    this.#told.set(sessionId, told)
    const call = this.#notify({ sessionId, at: Date.now(), ...notice })
    this.#calls.add(call)
    void call.finally(() => this.#calls.delete(call))
  }

  async #notify(notice: Parameters<WorkerRegistry['notifySessionStatus']>[0]): Promise<void> {
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
