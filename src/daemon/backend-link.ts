import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import { Heartbeat } from '../backend/heartbeat.ts'
import { BackendClient } from '../backend/client.ts'
import { WORKER_LANE } from '../backend/outbox/letter.ts'
import { Outbox } from '../backend/outbox/outbox.ts'
import type { HeartbeatSession, PreservedNotice, WorkerRegistry } from '../backend/port.ts'

import { StandaloneRegistry } from '../backend/standalone.ts'
import { WorkerRegistryService } from '../backend/worker-registry-service.ts'
import type { Config } from '../config/config.ts'
import type { Instants, OutboxStore, Registry } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'
import type { PreservedSession } from '../session/report.ts'
import { backendStatus, type SessionView } from '../session/state.ts'
import type { BaileysService } from '../whatsapp/service.ts'
import { logBackend } from './backend-log.ts'
import { MessageCount } from './message-count.ts'
import { knownSessions } from './known-sessions.ts'

interface LinkPorts {
  auth: AuthStore
  registry: Registry
  outbox: OutboxStore
  instants: Instants
  replica: Replica
  logger: Logger
}

type HttpConfig = Extract<Config['backend'], { kind: 'http' }>

/** How long the start waits for the registration; a backend that is silent must not hold it up. */
const REGISTER_MS = 10_000

/** The worker's end of the backend: registration, heartbeats, the outbox, the farewell. */
export class BackendLink {
  readonly backend: WorkerRegistry
  /** Undefined for a standalone worker. */
  readonly queued: WorkerRegistryService | undefined
  readonly #config: Config
  readonly #ports: LinkPorts
  readonly #log: ReturnType<typeof logBackend>
  readonly #messages = new MessageCount()
  #client: BackendClient | undefined
  #service: BaileysService | undefined
  #heartbeat: Heartbeat | undefined
  #heartbeatMs: number | undefined
  #onBack: () => void = () => undefined

  constructor(config: Config, ports: LinkPorts, version: string) {
    this.#config = config
    this.#ports = ports
    this.#log = logBackend(ports.logger)
    const { backend } = config
    if (backend.kind === 'http') this.queued = this.#connect(backend, version)
    this.backend =
      this.queued ??
      new StandaloneRegistry(async () => {
        const ids = await knownSessions(ports)
        return ids.map((sessionId) => ({ sessionId }))
      })
  }

  /** Takes up what an earlier process could not tell the backend. */
  async load(): Promise<void> {
    await this.queued?.load()
  }

  /** From here on heartbeats tell of this service's sessions. */
  serve(service: BaileysService): void {
    this.#service = service
  }

  /** Called each time when calls get through again. */
  onBack(listener: () => void): void {
    this.#onBack = listener
  }

  /**
   * Begins to register and to send heartbeats, which goes on for as long as the worker runs. Resolves
   * when the first try has ended, however it went, or takes too long; `onLate` is called for each
   * registration after that.
   */
  async register(onLate: () => Promise<void>): Promise<void> {
    const { backend } = this.#config
    if (backend.kind === 'standalone') return
    const tried = Promise.withResolvers<void>()
    let late = false
    this.#heartbeat = new Heartbeat({
      registry: this.backend,
      interval: this.#heartbeatMs ?? backend.heartbeatInterval,
      registration: backend.registration,
      sessions: () => this.#beats(),
      counts: () => this.#counts(),
      onRegistered: ({ assignedSessionCount }) => {
        this.#ports.logger.info({ assigned: assignedSessionCount }, 'registered with the backend')
        tried.resolve()
        if (late) void onLate()
      },
      onError: (error) => {
        this.#log.failed(error)
        tried.resolve()
      },
    })
    this.#heartbeat.start()
    if (!backend.registration) tried.resolve()
    const over = new AbortController()
    await Promise.race([tried.promise, this.#pause(REGISTER_MS, over.signal)])
    over.abort()
    late = true
  }

  /** Milliseconds between heartbeats from the next one on. */
  every(heartbeatMs: number): void {
    this.#heartbeatMs = heartbeatMs
    this.#heartbeat?.every(heartbeatMs)
  }

  /** Tells the backend how many sessions it may assign, with the next beat. */
  limit(maxSessions: number): void {
    this.#client?.limit(maxSessions)
    this.#heartbeat?.registerAgain()
  }

  /** Ends the heartbeat, tells of the preserved sessions, unregisters. Failures are logged. */
  async farewell(preserved: readonly PreservedSession[]): Promise<void> {
    await this.#heartbeat?.stop()
    await this.#tell('of the preserved sessions', () =>
      this.backend.notifySessionsPreserved(preserved.map((session) => this.#notice(session))),
    )
    await this.backend.drain()
    if (this.backend.health().registered) {
      await this.#tell('goodbye', () => this.backend.unregister())
    }
  }

  async close(): Promise<void> {
    const stopped = this.#heartbeat?.stop()
    await this.backend.close()
    await stopped
  }

  #connect(backend: HttpConfig, version: string): WorkerRegistryService {
    const { worker, environment } = this.#config
    const { logger, outbox: store, instants } = this.#ports
    const { registration } = backend
    const client = new BackendClient({
      url: backend.url,
      token: backend.token.reveal(),
      registration,
      worker: {
        workerId: worker.id,
        endpoint: backend.endpoint,
        maxSessions: worker.maxSessions,
        description: `wa-gateway ${version}`,
        version,
        environment,
      },
      onWarning: (message) => logger.warn(message),
      onReach: (change) => {
        this.#log.reach(change)
        if (change.to !== 'up') return
        this.queued?.kick()
        this.#onBack()
      },
    })
    this.#client = client
    const outbox = new Outbox({
      store,
      send: (letter) => client.deliver(letter),
      // Reports go by the worker's name, which the backend must know first.
      mayGo: ({ lane }) => lane !== WORKER_LANE || !registration || client.health().registered,
      onEvent: (event) => this.#log.outbox(event),
    })
    const onError = (error: unknown) =>
      logger.error({ err: error }, 'the registry could not be written')
    return new WorkerRegistryService({ client, outbox, instants, registration, onError })
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(ms, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #tell(what: string, call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#ports.logger.error({ err: error }, `the backend could not be told ${what}`)
    }
  }

  /** What another worker runs is its to tell of. */
  #beats(): HeartbeatSession[] {
    const views = this.#service?.list() ?? []
    return views.filter(isOurs).map(({ id, state, phone, lastActivity, since }) => ({
      sessionId: id,
      status: backendStatus(state),
      ...(phone === undefined ? {} : { phone }),
      lastActivity: lastActivity ?? since,
    }))
  }

  #counts(): { messageCount: number; totalSessions: number; activeSessions: number } {
    const views = this.#service?.list() ?? []
    return {
      messageCount: this.#messages.update(views),
      totalSessions: views.length,
      activeSessions: views.filter((view) => view.state === 'online').length,
    }
  }

  #notice(session: PreservedSession): PreservedNotice {
    const record = this.#service?.roster.record(session.sessionId)
    return {
      ...session,
      // It could be taken up again as it was; where it is now is what preservedAt says.
      status: 'CONNECTED',
      ...(record?.userId ? { userId: record.userId } : {}),
      ...(record?.phone ? { phone: record.phone } : {}),
    }
  }
}

function isOurs({ cause }: SessionView): boolean {
  return cause !== 'owned-elsewhere'
}
