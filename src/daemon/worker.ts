import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { startControlServer } from '../control/server.ts'
import type { GatewayError } from '../session/errors.ts'
import { toGatewayError } from '../session/errors.ts'
import { trustCertificateRoot } from '../whatsapp/hooks/certificate-root.ts'
import { adjust } from './adjust.ts'
import type { AssignmentWatch } from './assignment-watch.ts'
import type { BackendLink } from './backend-link.ts'
import { compose } from './compose.ts'
import { sweepScratch } from './drill/scratch.ts'
import { createHandlers } from './handlers.ts'
import type { LogRing } from './log-ring.ts'
import { measure } from './measure.ts'
import type { StatusNotices } from './notices.ts'
import { openParts, type Parts } from './parts.ts'
import { recoverProvisionally } from './provisional.ts'
import { putAway, type Stopped } from './put-away.ts'
import { createSchedules, type Schedule } from './schedules.ts'
import type { Reloading } from './reload.ts'
import { mayRunProvisionally } from './settings.ts'
import type { SnapshotSchedule } from './snapshots.ts'
import type { WorkerState } from './state.ts'

/** What closing gets at least, when the shutdown budget is used up. */
const LAST_MS = 500

/** What saying goodbye to the fleet may take at most, beside the farewell to the backend. */
const GOODBYE_MS = 1_000

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
    state.fleet?.start()
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
      const goodbye = state.fleet?.stop(GOODBYE_MS)
      // A backend that is away must not outlast the budget; closing cuts its calls short.
      const farewell = this.#link?.farewell(stopped.preserved)
      await this.#until(deadline - LAST_MS, 'the farewell to the backend', farewell)
      await this.#until(deadline - LAST_MS, 'the goodbye to the fleet', goodbye)
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
    const { state, link, notices, assignments, adjustable } = await compose(
      {
        config: () => this.#config,
        version: this.#version,
        logger: this.#logger,
        logs: this.#logs,
        reloading: this.#reloading,
        stopping: this.#stopping.signal,
        closers: this.#closers,
      },
      parts,
    )
    this.#link = link
    this.#notices = notices
    this.#assignments = assignments
    this.#reloading.serve((changed, config) => {
      this.#config = config
      adjust(changed, config, { ...adjustable, snapshots: this.#snapshots })
    })
    this.#state = state
    return state
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
    state.fleet?.wake()
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
