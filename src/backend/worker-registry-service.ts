import type { AssignedSource, Instants } from '../registry/port.ts'
import type { RecoveryResult } from '../session/report.ts'
import { BackendError } from './error.ts'
import type { BackendClient } from './client.ts'
import { statusLane, WORKER_LANE } from './outbox/letter.ts'
import type { Outbox } from './outbox/outbox.ts'
import type {
  AssignedSession,
  BackendHealth,
  HeartbeatSession,
  PreservedNotice,
  SessionStatusNotice,
  WorkerMetrics,
  WorkerRegistry,
} from './port.ts'
import { preservedBody, recoveryBody, statusBody } from './wire.ts'

export interface WorkerRegistryServiceOptions {
  client: BackendClient
  outbox: Outbox
  instants: Instants
  /** False: somebody else registers this worker. */
  registration: boolean
  now?: (() => number) | undefined
  /** Told of an instant that could not be remembered. */
  onError: (error: unknown) => void
}

const ASSIGNED_AT = 'backend.assigned'

/**
 * The specification's WorkerRegistryService: the backend with an outbox before it. Reports,
 * notices and statuses are taken at once and delivered when the backend takes them, by this process
 * or a later one. Questions go straight to it.
 */
export class WorkerRegistryService implements WorkerRegistry {
  readonly kind = 'http'
  readonly #options: WorkerRegistryServiceOptions
  readonly #now: () => number
  #listed: ReadonlySet<string> | undefined
  #listedAt: number | undefined
  #source: AssignedSource = 'cache'
  /** Sessions that run here although the backend's last list does not have them. */
  unlisted: readonly string[] = []

  constructor(options: WorkerRegistryServiceOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** Takes up what an earlier process left. */
  async load(): Promise<void> {
    this.#listedAt = await this.#options.instants.read(ASSIGNED_AT)
    await this.#options.outbox.load()
  }

  /** Ids of the backend's last list; undefined until it gave one to this process. */
  get listed(): ReadonlySet<string> | undefined {
    return this.#listed
  }

  async register(): Promise<{ recoveryRequired: boolean; assignedSessionCount: number }> {
    const answer = await this.#options.client.register()
    this.#options.outbox.kick()
    return answer
  }

  async heartbeat(sessions: HeartbeatSession[], metrics: WorkerMetrics): Promise<void> {
    await this.#options.client.heartbeat(sessions, metrics)
  }

  async getAssignedSessions(): Promise<AssignedSession[]> {
    try {
      const assigned = await this.#ask()
      this.#listed = new Set(assigned.map(({ sessionId }) => sessionId))
      this.#listedAt = this.#now()
      this.#source = 'backend'
      const { instants, onError } = this.#options
      // It only dates the cache; a registry that fails shows in what matters.
      await instants.write(ASSIGNED_AT, this.#listedAt).catch(onError)
      return assigned
    } catch (error) {
      this.#source = 'cache'
      throw error
    }
  }

  async reportRecoveryStatus(results: readonly RecoveryResult[]): Promise<void> {
    await this.#options.outbox.put({
      lane: WORKER_LANE,
      call: 'recovery status',
      body: recoveryBody(results),
      at: this.#now(),
    })
  }

  /** Names those that the object store holds; the others are not preserved for anybody else. */
  async notifySessionsPreserved(sessions: readonly PreservedNotice[]): Promise<void> {
    const stored = sessions.filter((session) => session.stored)
    if (stored.length === 0) return
    const { client, outbox } = this.#options
    const at = this.#now()
    const body = preservedBody(client.workerId, stored, at)
    await outbox.put({ lane: WORKER_LANE, call: 'sessions preserved', body, at })
  }

  async notifySessionStatus(notice: SessionStatusNotice): Promise<void> {
    await this.#options.outbox.put({
      lane: statusLane(notice.sessionId),
      call: 'session status',
      body: statusBody(notice),
      at: notice.at,
      // A QR that nobody dated is as good as old.
      ...(notice.qrCode === undefined ? {} : { expiresAt: notice.expiresAt ?? notice.at }),
    })
  }

  /** A status of this session that waits is not told any more. */
  forget(sessionId: string): void {
    this.#options.outbox.forget(statusLane(sessionId))
  }

  /** The backend was heard of. */
  kick(): void {
    this.#options.outbox.kick()
  }

  /** Resolves when all was delivered that the backend takes now. */
  async drain(): Promise<void> {
    await this.#options.outbox.drain()
  }

  async unregister(): Promise<void> {
    await this.#options.client.unregister()
  }

  health(): BackendHealth {
    return {
      ...this.#options.client.health(),
      assigned: {
        source: this.#source,
        ...(this.#listedAt === undefined ? {} : { at: this.#listedAt }),
        unlisted: [...this.unlisted],
      },
      outbox: this.#options.outbox.view(),
    }
  }

  /** Fails at once while the backend did not take the registration: it would not know the worker. */
  async #ask(): Promise<AssignedSession[]> {
    const { client, registration } = this.#options
    const { registered, lastError } = client.health()
    if (!registration || registered) return client.getAssignedSessions()
    throw new BackendError({
      code: 'backend.unreachable',
      subject: 'assigned sessions',
      message: `the worker is not registered with the backend${lastError === undefined ? '' : `: ${lastError.message}`}`,
    })
  }

  async close(): Promise<void> {
    const closing = this.#options.outbox.close()
    await this.#options.client.close()
    await closing
  }
}
