import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { startControlServer } from '../control/server.ts'
import { QueuedRecoveryEngine } from '../recovery/engine.ts'
import type { GatewayError } from '../session/errors.ts'
import { toGatewayError } from '../session/errors.ts'
import { trustCertificateRoot } from '../whatsapp/hooks/certificate-root.ts'
import { MovingIn } from '../whatsapp/moving-in.ts'
import { Operations } from '../whatsapp/operations.ts'
import { Pairing } from '../whatsapp/pairing.ts'
import type { ServicePorts, SessionEvent } from '../whatsapp/ports.ts'
import { BaileysService } from '../whatsapp/service.ts'
import { BackPressure } from './back-pressure.ts'
import { adjust } from './adjust.ts'
import { AssignmentWatch } from './assignment-watch.ts'
import { BackendLink } from './backend-link.ts'
import { Bus } from './bus.ts'
import { sweepScratch } from './drill/scratch.ts'
import { createHandlers } from './handlers.ts'
import type { LogRing } from './log-ring.ts'
import { gatherHealth, liveness, readiness } from './health.ts'
import { measure } from './measure.ts'
import { StatusNotices } from './notices.ts'
import { watchOwnership } from './ownership.ts'
import { openParts, type Parts } from './parts.ts'
import { recoverProvisionally } from './provisional.ts'
import { putAway, type Stopped } from './put-away.ts'
import { RecordedEngine } from './recorded-engine.ts'
import { SecondSite } from './second-site.ts'
import { createSchedules, type Schedule } from './schedules.ts'
import type { Reloading } from './reload.ts'
import { RetryRounds } from './retry.ts'
import { drillSettings, engineSettings, mayRunProvisionally, serviceSettings } from './settings.ts'
import type { SnapshotSchedule } from './snapshots.ts'
import { createVerifySchedule } from './verifying.ts'
import { advance, NO_RECOVERY, type WorkerState } from './state.ts'

/** What closing gets at least, when the shutdown budget is used up. */
const LAST_MS = 500

/**
 * One worker from start to stop. `start` brings up, in order: the lock and the local state, the
 * registry, the control socket, the object store, the backend, the first recovery. `stop` goes the
 * other way. What runs in between belongs to the parts.
 */
export class Worker {
  #config: Config
  readonly #logger: Logger
  readonly #logs: LogRing
  readonly #version: string
  readonly #reloading: Reloading
  readonly #closers = new AsyncDisposableStack()
  readonly #stopping = new AbortController()
  readonly #failed = Promise.withResolvers<GatewayError>()
  #state: WorkerState | undefined
  #link: BackendLink | undefined
  #notices: StatusNotices | undefined
  #assignments: AssignmentWatch | undefined
  #firstPass: Promise<void> | undefined
  #schedules: readonly Schedule[] = []
  #snapshots: SnapshotSchedule | undefined

  constructor(
    config: Config,
    version: string,
    logger: Logger,
    logs: LogRing,
    reloading: Reloading,
  ) {
    this.#reloading = reloading
    this.#config = config
    this.#version = version
    this.#logger = logger
    this.#logs = logs
  }

  /** Settles when something broke that the worker can't go on with (the local disk). */
  get failed(): Promise<GatewayError> {
    return this.#failed.promise
  }

  /** Undefined until the local state is open. */
  get state(): WorkerState | undefined {
    return this.#state
  }

  get socketPath(): string {
    return this.#config.socket
  }

  /** Resolves when the control socket answers and the store and backend were asked. */
  async start(): Promise<void> {
    const { whatsapp } = this.#config
    if (whatsapp.root !== undefined) trustCertificateRoot(whatsapp.root, whatsapp.url)
    const opened = await openParts(this.#config, this.#version, this.#logger, this.#closers)
    const { auth, replica, encryption } = opened
    await sweepScratch(this.#config.stateDir)
    auth.onFailure((error) => this.#failed.resolve(toGatewayError(error)))
    const state = await this.#compose(opened)
    measure(state)
    await this.#listen(state)
    await this.#awaitStore(state)
    await encryption.unlock(this.#stopping.signal)
    await replica.start()
    const { snapshots, parts: schedules } = createSchedules(state, this.#config)
    this.#snapshots = snapshots
    this.#schedules = schedules
    for (const schedule of schedules) schedule.start()
    this.#firstPass = this.#recoverAssigned(state, snapshots)
  }

  /** Resolves when the first recovery pass has settled, whatever became of it. */
  async firstPass(): Promise<void> {
    await this.#firstPass
  }

  /**
   * Seals, stores and releases the sessions, tells the backend, closes everything. Whatever hangs is
   * left behind when the time is up.
   */
  async stop(): Promise<Stopped> {
    const state = this.#state
    const deadline = performance.now() + this.#config.shutdown.timeout
    this.#stopping.abort()
    if (state !== undefined) state.phase = 'stopping'
    const stopped: Stopped = { open: 0, preserved: [], late: [] }
    if (state !== undefined) {
      state.leaving = stopped
      const before = this.#calmDown()
      await putAway({ service: state.service, before, stopped }, this.#config.shutdown)
      await this.#notices?.settle()
      // A backend that is away must not outlast the budget; closing cuts its calls short.
      const farewell = this.#link?.farewell(stopped.preserved)
      await this.#until(deadline - LAST_MS, 'the farewell to the backend', farewell)
    }
    await this.#until(deadline, 'closing', this.#closers.disposeAsync())
    return stopped
  }

  /** What runs by itself ends first, so that nothing opens a session that is being put away. */
  async #calmDown(): Promise<void> {
    await Promise.all(this.#schedules.map((schedule) => schedule.stop()))
    await this.#assignments?.stop()
    await this.#firstPass
  }

  /** Waits for the work until the deadline, and for some moments even after it. */
  async #until(deadline: number, what: string, work: Promise<void> | undefined): Promise<void> {
    const left = Math.max(LAST_MS, deadline - performance.now())
    const over = new AbortController()
    const late = sleep(left, 'late' as const, { signal: over.signal })
    try {
      if ((await Promise.race([work, late])) === 'late')
        this.#logger.warn(`${what} took longer than GRACEFUL_SHUTDOWN_TIMEOUT allows`)
    } finally {
      over.abort()
    }
  }

  async #compose(parts: Parts): Promise<WorkerState> {
    const { auth, opened, store, storeHealth, replica, encryption, metrics } = parts
    const { registry, runs, verifications } = opened
    const logger = this.#logger
    const bus = new Bus<SessionEvent>((error) => logger.error({ err: error }, 'a listener failed'))
    const link = new BackendLink(this.#config, { auth, ...opened, replica, logger }, this.#version)
    this.#link = link
    this.#closers.defer(() => link.close())
    await link.load()
    const notices = new StatusNotices(link.backend, logger)
    this.#notices = notices
    bus.on(notices.listen)
    const online = (): number => this.#state?.service.roster.online() ?? 0
    const engine = new QueuedRecoveryEngine(engineSettings(this.#config), online)
    const settings = serviceSettings(this.#config)
    const ports: ServicePorts = {
      auth,
      replica,
      registry,
      backend: link.backend,
      engine: new RecordedEngine({
        engine,
        runs,
        source: () => link.backend.health().assigned?.source,
        logger,
      }),
      logins: engine,
      settings,
      logger,
      emit: (event) => bus.emit(event),
    }
    const service = new BaileysService(ports)
    await service.start()
    link.serve(service)
    const assignments = this.#watchAssignments(link, {
      service,
      registry,
      replica,
      notices,
      logger,
    })
    watchOwnership({ replica, assignments, logger })
    const workerId = this.#config.worker.id
    const verifying = createVerifySchedule(
      { replica, verifications, service, workerId, storeHealth, logger, bus },
      () => this.#state,
      this.#config.verify.interval,
    )
    const state: WorkerState = {
      version: this.#version,
      workerId,
      whatsappUrl: this.#config.whatsapp.url,
      startedAt: Date.now(),
      phase: 'starting',
      recovery: NO_RECOVERY,
      logger,
      logs: this.#logs,
      bus,
      auth,
      replica,
      backend: link.backend,
      runs,
      store,
      verifications,
      storeHealth,
      encryption,
      secondSite: new SecondSite(this.#config, { store, encryption }, this.#stopping.signal),
      backPressure: new BackPressure(
        { replica, service, logger },
        this.#config.shipping.backlogLimit,
      ),
      rounds: new RetryRounds({ service, auth, logger }, this.#stopping.signal),
      reloading: this.#reloading,
      leaving: undefined,
      verifying,
      drill: drillSettings(this.#config),
      metrics,
      health: async (question) => {
        const { socket, recovery } = this.#config
        const ports = { auth, registry, socket, roundLimitMs: recovery.deadline }
        const facts = await gatherHealth(state, ports)
        return question === 'livez' ? liveness(facts) : readiness(facts)
      },
      service,
      logins: engine,
      pairing: new Pairing(ports, service.roster),
      operations: new Operations(ports, service.roster),
      movingIn: new MovingIn(ports, service.roster),
      stopping: this.#stopping.signal,
    }
    bus.on((event) => {
      if (event.type === 'recovery') state.recovery = advance(state.recovery, event.event)
    })
    this.#reloading.serve((changed, config) => {
      this.#config = config
      const { backPressure } = state
      const snapshots = this.#snapshots
      adjust(changed, config, {
        logger,
        engine,
        settings,
        backPressure,
        link,
        assignments,
        snapshots,
      })
    })
    this.#state = state
    return state
  }

  /** Undefined without a backend. The looks begin after the first recovery. */
  #watchAssignments(
    link: BackendLink,
    ports: Omit<ConstructorParameters<typeof AssignmentWatch>[0], 'backend' | 'worker'>,
  ): AssignmentWatch | undefined {
    const { backend } = this.#config
    if (link.queued === undefined || backend.kind === 'standalone') return undefined
    const watch = new AssignmentWatch(
      { backend: link.queued, worker: this.#config.worker.id, ...ports },
      backend.assignmentInterval,
      this.#stopping.signal,
    )
    link.onBack(() => watch.look())
    this.#assignments = watch
    return watch
  }

  async #listen(state: WorkerState): Promise<void> {
    const { http } = this.#config
    const server = await startControlServer({
      handlers: createHandlers(state),
      version: this.#version,
      socketPath: this.#config.socket,
      ...(http.kind === 'on'
        ? { http: { host: http.host, port: http.port, token: http.token.reveal() } }
        : {}),
      onFailure: (method, error, session) =>
        this.#logger.error({ err: error, method, session }, 'a request failed'),
    })
    this.#closers.defer(() => server.close())
    if (server.httpUrl !== undefined)
      this.#logger.info({ url: server.httpUrl }, 'the HTTP API listens')
  }

  async #awaitStore({ storeHealth, service }: WorkerState): Promise<void> {
    const { signal } = this.#stopping
    const away = Promise.withResolvers<void>()
    const pause = (ms: number) => sleep(ms, undefined, { signal })
    const usable = storeHealth.untilUsable(signal, pause, away.resolve)
    if (mayRunProvisionally(this.#config))
      await recoverProvisionally({
        service,
        logger: this.#logger,
        signal,
        usable,
        away: away.promise,
      })
    await usable
    storeHealth.watch()
    this.#closers.defer(() => storeHealth.stop())
  }

  async #recoverAssigned(state: WorkerState, snapshots: SnapshotSchedule): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#link?.register(() => this.#recoverAgain(state))
      state.phase = 'recovering'
      await state.service.loadPersistedSessions({ signal })
      if (state.encryption.migrating) await snapshots.renewAll()
    } catch (error) {
      if (signal.aborted) return
      this.#logger.error({ err: error }, 'the first recovery failed')
    }
    if (signal.aborted) return
    state.phase = 'running'
    this.#assignments?.start()
  }

  /** The backend came back after a start without it: what it assigns meanwhile is recovered too. */
  async #recoverAgain({ service }: WorkerState): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#firstPass
      await service.loadPersistedSessions({ trigger: 'backend-returned', signal })
    } catch (error) {
      if (!signal.aborted) this.#logger.error({ err: error }, 'recovering assigned sessions failed')
    }
  }
}
