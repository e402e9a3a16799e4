import { toGatewayError } from '../session/errors.ts'
import { BackendError, isForgotten } from './error.ts'
import type { Letter, LetterCall } from './outbox/letter.ts'
import { Reachability, type ReachChange } from './reach.ts'
import type { AssignedSession, BackendHealth, HeartbeatSession, WorkerMetrics } from './port.ts'
import { readAssigned, readRegistered } from './replies.ts'
import { type Call, Transport, type TransportOptions } from './transport.ts'
import * as wire from './wire.ts'

export interface BackendClientOptions {
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
  /** Told when calls begin to get through, or no longer do: once, not for each call. */
  onReach?: ((change: ReachChange) => void) | undefined
}

const LETTERS: ReadonlySet<string> = new Set<LetterCall>([
  'recovery status',
  'sessions preserved',
  'session status',
])

/** For a blip. Longer outages are for whoever calls: heartbeat, re-reads and outbox go on. */
const RETRIES = 1

/**
 * The backend over HTTP. Every method sends one call of the contract, and throws a BackendError:
 * `backend.denied`, `backend.rejected` or `backend.unreachable`. Repeating any of the calls does no
 * harm.
 */
export class BackendClient {
  readonly #transport: Transport
  #worker: wire.WorkerIdentity
  readonly #registration: boolean
  readonly #now: () => number
  readonly #warn: (message: string) => void
  readonly #reach: Reachability
  readonly #onReach: (change: ReachChange) => void
  #registered = false
  #closing = false
  #lastSuccessAt: number | undefined
  #lastError: BackendHealth['lastError'] | undefined

  constructor(options: BackendClientOptions) {
    const { url, token, timeout = 10_000, retryDelay = 500, sleep } = options
    this.#transport = new Transport({ url, token, timeout, retryDelay, sleep })
    this.#worker = options.worker
    this.#registration = options.registration ?? true
    this.#now = options.now ?? Date.now
    this.#warn = options.onWarning ?? (() => undefined)
    this.#onReach = options.onReach ?? (() => undefined)
    this.#reach = new Reachability(this.#now())
  }

  /** What the next registration says. */
  limit(maxSessions: number): void {
    this.#worker = { ...this.#worker, maxSessions }
  }

  get workerId(): string {
    return this.#worker.workerId
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

  /** One attempt to tell of something: the outbox makes the next. */
  async deliver({ call: name, body }: Pick<Letter, 'call' | 'body'>): Promise<void> {
    const path = this.#pathOf(name)
    await this.#call({ name, method: 'POST', path, body, retries: 0 })
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
      reach: this.#reach.reach,
      reachSince: this.#reach.since,
      ...(this.#lastSuccessAt === undefined ? {} : { lastSuccessAt: this.#lastSuccessAt }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Aborts calls under way and closes the connections. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#transport.close()
  }

  async #call(call: Call): Promise<void>
  async #call<T>(call: Call, read: (data: unknown) => T): Promise<T>
  async #call<T>(call: Call, read?: (data: unknown) => T): Promise<T | undefined> {
    try {
      const data = await this.#transport.call(call)
      const reply = read?.(data)
      this.#lastSuccessAt = this.#now()
      this.#note(call, undefined)
      return reply
    } catch (error) {
      this.#note(call, error)
      // The heartbeat sees this and registers again.
      if (isForgotten(error) && call.path.startsWith(this.#path)) this.#registered = false
      const { message } = toGatewayError(error)
      this.#lastError = { at: this.#now(), call: call.name, message }
      throw error
    }
  }

  /** Letters have their own word on how it goes; heartbeats and questions tell of the backend. */
  #note({ name }: Call, error: unknown): void {
    if (LETTERS.has(name)) return
    if (this.#closing || (error !== undefined && !(error instanceof BackendError))) return
    const change = this.#reach.note(error, this.#now())
    if (change !== undefined) this.#onReach(change)
  }

  #pathOf(call: LetterCall): string {
    if (call === 'session status') return '/webhooks/session-status'
    const last = call === 'recovery status' ? 'sessions/recovery-status' : 'sessions-preserved'
    return `${this.#path}/${last}`
  }

  get #path(): string {
    return `/workers/${encodeURIComponent(this.#worker.workerId)}`
  }
}
