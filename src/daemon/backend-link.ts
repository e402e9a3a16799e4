import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import { Heartbeat } from '../backend/heartbeat.ts'
import { WorkerRegistryService } from '../backend/http.ts'
import type {
  AssignedSession,
  HeartbeatSession,
  PreservedNotice,
  WorkerRegistry,
} from '../backend/port.ts'
import { StandaloneRegistry } from '../backend/standalone.ts'
import type { Config } from '../config/config.ts'
import type { Registry } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'
import type { PreservedSession } from '../session/report.ts'
import { backendStatus } from '../session/state.ts'
import type { BaileysService } from '../whatsapp/service.ts'

interface LinkPorts {
  auth: AuthStore
  registry: Registry
  replica: Replica
  logger: Logger
}

/** The worker's end of the backend: registration, heartbeats, the farewell. */
export class BackendLink {
  readonly backend: WorkerRegistry
  readonly #config: Config
  readonly #ports: LinkPorts
  #service: BaileysService | undefined
  #heartbeat: Heartbeat | undefined

  constructor(config: Config, ports: LinkPorts, version: string) {
    this.#config = config
    this.#ports = ports
    const { backend, worker } = config
    this.backend =
      backend.kind === 'standalone'
        ? new StandaloneRegistry(() => this.#known())
        : new WorkerRegistryService({
            url: backend.url,
            token: backend.token.reveal(),
            registration: backend.registration,
            worker: {
              workerId: worker.id,
              endpoint: backend.endpoint,
              maxSessions: worker.maxSessions,
              description: `wa-gateway ${version}`,
              version,
              environment: config.environment,
            },
            onWarning: (message) => ports.logger.warn(message),
          })
  }

  /** From here on heartbeats tell of this service's sessions. */
  serve(service: BaileysService): void {
    this.#service = service
  }

  /**
   * Registers and begins the heartbeat. A backend that is away stops nothing: the heartbeat goes on
   * trying, and `onLate` is called when it got through after all.
   */
  async register(onLate: () => Promise<void>): Promise<void> {
    const { backend } = this.#config
    if (backend.kind === 'standalone') return
    const { logger } = this.#ports
    try {
      const { assignedSessionCount } = await this.backend.register()
      logger.info({ assigned: assignedSessionCount }, 'registered with the backend')
    } catch (error) {
      logger.error({ err: error }, 'the backend did not take the registration; going on without it')
    }
    this.#heartbeat = new Heartbeat({
      registry: this.backend,
      interval: backend.heartbeatInterval,
      registration: backend.registration,
      sessions: () => this.#beats(),
      counts: () => this.#counts(),
      onRegistered: () => {
        logger.info('registered with the backend')
        void onLate()
      },
      onError: (error) => logger.warn({ err: error }, 'the backend did not take a heartbeat'),
    })
    this.#heartbeat.start()
  }

  /** Ends the heartbeat, tells of the preserved sessions, unregisters. Failures are logged. */
  async farewell(preserved: readonly PreservedSession[]): Promise<void> {
    await this.#heartbeat?.stop()
    await this.#tell('of the preserved sessions', () =>
      this.backend.notifySessionsPreserved(preserved.map((session) => this.#notice(session))),
    )
    if (this.backend.health().registered) {
      await this.#tell('goodbye', () => this.backend.unregister())
    }
  }

  async close(): Promise<void> {
    await this.#heartbeat?.stop()
    await this.backend.close()
  }

  async #tell(what: string, call: () => Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#ports.logger.error({ err: error }, `the backend could not be told ${what}`)
    }
  }

  /** Without a backend: what is on this disk, and what the store says this worker ran last. */
  async #known(): Promise<AssignedSession[]> {
    const { auth, registry, replica } = this.#ports
    const ids = new Set(await replica.discover())
    for (const { sessionId, paired } of auth.list()) if (paired) ids.add(sessionId)
    for (const record of await registry.list()) {
      if (record.desired === 'running' && record.pairedAt !== null) ids.add(record.id)
      if (record.desired === 'removed') ids.delete(record.id)
    }
    return [...ids].map((sessionId) => ({ sessionId }))
  }

  #beats(): HeartbeatSession[] {
    const views = this.#service?.list() ?? []
    return views.map(({ id, state, phone, lastActivity, since }) => ({
      sessionId: id,
      status: backendStatus(state),
      ...(phone === undefined ? {} : { phone }),
      lastActivity: lastActivity ?? since,
    }))
  }

  #counts(): { messageCount: number; totalSessions: number; activeSessions: number } {
    const views = this.#service?.list() ?? []
    return {
      messageCount: views.reduce((sum, view) => sum + view.messagesIn + view.messagesOut, 0),
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
