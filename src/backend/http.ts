import { toGatewayError } from '../session/errors.ts'
import type { RecoveryResult } from '../session/report.ts'
import { isForgotten } from './error.ts'
import { InOrder } from './in-order.ts'
import type {
  AssignedSession,
  BackendHealth,
  HeartbeatSession,
  PreservedNotice,
  SessionStatusNotice,
  WorkerMetrics,
  WorkerRegistry,
} from './port.ts'
import { readAssigned, readRegistered } from './replies.ts'
import { type Call, Transport, type TransportOptions } from './transport.ts'
import * as wire from './wire.ts'

export interface WorkerRegistryServiceOptions {
  url: string
  token: string
  worker: wire.WorkerIdentity
  /** False: somebody else registers this worker; register and unregister do nothing. */
  registration?: boolean | undefined
  /** Milliseconds for one attempt of a call; 10,000 unless given. */
  timeout?: number | undefined
  /** Milliseconds before the first retry; 500 unless given. */
  retryDelay?: number | undefined
  sleep?: TransportOptions['sleep']
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** Told of what is odd but costs nothing else, such as an assigned id that cannot be one. */
  onWarning?: ((message: string) => void) | undefined
}

const RETRIES = 3

/**
 * The backend over HTTP. Every method sends one call of the contract, and throws a BackendError:
 * `backend.denied`, `backend.rejected` or, after retries, `backend.unreachable`. Repeating any of
 * the calls does no harm.
 */
export class WorkerRegistryService implements WorkerRegistry {
  readonly kind = 'http'
  readonly #transport: Transport
  readonly #worker: wire.WorkerIdentity
  readonly #registration: boolean
  readonly #now: () => number
  readonly #warn: (message: string) => void
  readonly #statuses = new InOrder()
  #registered = false
  #lastSuccessAt: number | undefined
  #lastError: BackendHealth['lastError'] | undefined

  constructor(options: WorkerRegistryServiceOptions) {
    const { url, token, timeout = 10_000, retryDelay = 500, sleep } = options
    this.#transport = new Transport({ url, token, timeout, retryDelay, sleep })
    this.#worker = options.worker
    this.#registration = options.registration ?? true
    this.#now = options.now ?? Date.now
    this.#warn = options.onWarning ?? (() => undefined)
  }

  async register(): Promise<{ recoveryRequired: boolean; assignedSessionCount: number }> {
    if (!this.#registration) return { recoveryRequired: true, assignedSessionCount: 0 }
    const name = 'register'
    const body = wire.registerBody(this.#worker)
    const call: Call = { name, method: 'POST', path: '/workers/register', body, retries: RETRIES }
    const reply = await this.#call(call, (data) => readRegistered(name, data))
    this.#registered = true
    return reply
  }

  /** Not retried: the next beat comes anyway and says more. */
  async heartbeat(sessions: HeartbeatSession[], metrics: WorkerMetrics): Promise<void> {
    const body = wire.heartbeatBody(sessions, metrics)
    const path = `${this.#path}/heartbeat`
    await this.#call({ name: 'heartbeat', method: 'PUT', path, body, retries: 0 })
  }

  async getAssignedSessions(): Promise<AssignedSession[]> {
    const name = 'assigned sessions'
    const path = `${this.#path}/sessions/assigned`
    const { sessions, unusable } = await this.#call(
      { name, method: 'GET', path, retries: RETRIES },
      (data) => readAssigned(name, data),
    )
    for (const id of unusable)
      this.#warn(`the backend assigned '${id}', which is not a session id here; it is left out`)
    return sessions
  }

  async reportRecoveryStatus(results: readonly RecoveryResult[]): Promise<void> {
    const body = wire.recoveryBody(results)
    const path = `${this.#path}/sessions/recovery-status`
    await this.#call({ name: 'recovery status', method: 'POST', path, body, retries: RETRIES })
  }

  /** Names those that the object store holds; the others are not preserved for anybody else. */
  async notifySessionsPreserved(sessions: readonly PreservedNotice[]): Promise<void> {
    const stored = sessions.filter((session) => session.stored)
    if (stored.length === 0) return
    const body = wire.preservedBody(this.#worker.workerId, stored, this.#now())
    const path = `${this.#path}/sessions-preserved`
    await this.#call({ name: 'sessions preserved', method: 'POST', path, body, retries: RETRIES })
  }

  /** In order for each session; when calls fail, an older status gives way to a newer one. */
  async notifySessionStatus(notice: SessionStatusNotice): Promise<void> {
    const body = wire.statusBody(notice)
    await this.#statuses.run(notice.sessionId, async (superseded) => {
      const path = '/webhooks/session-status'
      const name = 'session status'
      await this.#call({ name, method: 'POST', path, body, retries: RETRIES, superseded })
    })
  }

  async unregister(): Promise<void> {
    if (!this.#registration) return
    const { workerId, endpoint } = this.#worker
    const body = { workerId, endpoint }
    const path = '/workers/unregister'
    await this.#call({ name: 'unregister', method: 'DELETE', path, body, retries: RETRIES })
    this.#registered = false
  }

  health(): BackendHealth {
    return {
      kind: 'http',
      registered: this.#registered,
      ...(this.#lastSuccessAt === undefined ? {} : { lastSuccessAt: this.#lastSuccessAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Aborts calls under way and closes the connections. */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  async #call(call: Call): Promise<void>
  async #call<T>(call: Call, read: (data: unknown) => T): Promise<T>
  async #call<T>(call: Call, read?: (data: unknown) => T): Promise<T | undefined> {
    try {
      const data = await this.#transport.call(call)
      const reply = read?.(data)
      this.#lastSuccessAt = this.#now()
      return reply
    } catch (error) {
      // The heartbeat sees this and registers again.
      if (isForgotten(error) && call.path.startsWith(this.#path)) this.#registered = false
      const { message } = toGatewayError(error)
      this.#lastError = { at: this.#now(), call: call.name, message }
      throw error
    }
  }

  get #path(): string {
    return `/workers/${encodeURIComponent(this.#worker.workerId)}`
  }
}
