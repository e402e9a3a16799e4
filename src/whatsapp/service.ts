import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { AssignedSession } from '../backend/port.ts'
import type { AttemptOutcome, RecoveryEvent, RecoveryTask } from '../recovery/port.ts'
import { CAUSES, causeOfError, type CauseId } from '../session/cause.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'
import type {
  PreservedSession,
  RecoveryResult,
  RecoveryRoute,
  RecoveryTrigger,
} from '../session/report.ts'
import { mayBecome, type SessionView } from '../session/state.ts'
import { claimState, type Restored, type SessionToRestore } from './claim-state.ts'
import { installHooks } from './hooks/self-test.ts'
import type { ServicePorts } from './ports.ts'
import { preserveSession } from './preserve.ts'
import { Roster } from './roster.ts'
import type { SessionRunner } from './runner.ts'

export interface RecoverOptions {
  /** For the record of the run; `operator` unless given. */
  trigger?: RecoveryTrigger
  takeOver?: boolean
  /** Run sessions whose local state is there although the object store is away. */
  provisional?: boolean
  signal?: AbortSignal
  onEvent?: (event: RecoveryEvent) => void
}

/** Sessions that are closed and released at the same time; it hides the store's latency. */
const PUT_AWAY_CONCURRENCY = 64

/**
 * The specification's BaileysService: brings assigned sessions back, watches them, and puts them
 * away before a stop. A session counts as recovered when its connection is `open`.
 */
export class BaileysService {
  readonly #ports: ServicePorts
  readonly roster: Roster
  /** Attempts under way, so that two recoveries of a session share one. */
  readonly #attempts = new Map<string, Promise<AttemptOutcome>>()
  #assignedByCache = false

  constructor(ports: ServicePorts) {
    this.#ports = ports
    this.roster = new Roster(ports)
    ports.replica.onLost((sessionId, owner) => {
      if (!this.roster.has(sessionId)) return
      const whose = owner === undefined ? '' : ` (${owner.worker}, epoch ${owner.epoch})`
      void this.#guard(
        sessionId,
        this.roster.runner(sessionId).lost(`another worker took the session${whose}`),
      )
    })
  }

  /** Installs and proves the hooks into Baileys, and loads what is known of the sessions. */
  async start(): Promise<void> {
    await installHooks()
    await this.roster.load()
  }

  /** True when the last list of assigned sessions came from this worker's own memory. */
  get assignedFromCache(): boolean {
    return this.#assignedByCache
  }

  /** The first recovery after a start: waits the startup delay, recovers, reports. */
  async loadPersistedSessions(options: RecoverOptions = {}): Promise<RecoveryResult[]> {
    const { recovery } = this.#ports.settings
    if (!recovery.enabled) return []
    await sleep(recovery.startupDelayMs, undefined, { signal: options.signal })
    const assigned = await this.getAssignedSessionsFromBackend()
    const results = await this.recover(
      assigned.map((session) => session.sessionId),
      { trigger: 'start', ...options },
    )
    await this.reportRecoveryStatus(results)
    return results
  }

  /**
   * The sessions that this worker is to run. While the backend is away, those it had given before
   * (nothing is dropped because a list could not be read).
   */
  async getAssignedSessionsFromBackend(): Promise<AssignedSession[]> {
    let assigned: AssignedSession[]
    try {
      assigned = await this.#ports.backend.getAssignedSessions()
      this.#assignedByCache = false
    } catch (thrown) {
      this.#ports.logger.warn(
        { err: thrown },
        'the backend gave no assigned sessions; using those it gave before',
      )
      this.#assignedByCache = true
      return this.roster
        .ids()
        .filter((id) => this.roster.record(id)?.desired === 'running')
        .map((sessionId) => ({ sessionId }))
    }
    const assignedBy = this.#ports.backend.kind === 'http' ? 'backend' : 'local'
    for (const { sessionId, userId, name, phone } of assigned) {
      this.roster.runner(sessionId)
      await this.roster.save(sessionId, {
        assignedBy,
        ...(userId === undefined ? {} : { userId }),
        ...(name === undefined ? {} : { name }),
        ...(phone === undefined ? {} : { phone }),
      })
    }
    return [...assigned, ...this.#pairedHere(assigned)]
  }

  /** Sessions that somebody paired at this worker, which the backend may not have listed yet. */
  #pairedHere(assigned: readonly AssignedSession[]): AssignedSession[] {
    const listed = new Set(assigned.map((session) => session.sessionId))
    return this.roster
      .ids()
      .filter((id) => !listed.has(id) && this.#ports.auth.find(id)?.paired === true)
      .filter((id) => {
        const record = this.roster.record(id)
        return record?.desired === 'running' && record.assignedBy === 'local'
      })
      .map((sessionId) => ({ sessionId }))
  }

  /** Brings sessions online; resolves with a result for each and never rejects for one of them. */
  async recover(ids: readonly string[], options: RecoverOptions = {}): Promise<RecoveryResult[]> {
    const tasks = ids.map((id): RecoveryTask => {
      const sessionId = assertSessionId(id)
      const runner = this.roster.runner(sessionId)
      if (runner.handle === undefined && mayBecome(runner.state, 'queued')) runner.mark('queued')
      return {
        sessionId,
        attempt: (signal) => this.#attemptOnce(runner, options, signal),
      }
    })
    const results = await this.#ports.engine.run(tasks, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.trigger === undefined ? {} : { trigger: options.trigger }),
      onEvent: (event) => {
        this.#ports.emit({ type: 'recovery', event })
        options.onEvent?.(event)
      },
    })
    for (const { sessionId } of results) this.roster.runner(sessionId).supervise()
    return results
  }

  /** Brings the auth state of one session to where a socket may be opened (claim, warm or cold). */
  async restoreSessionFromStorage(
    session: SessionToRestore,
    signal: AbortSignal,
  ): Promise<Restored> {
    return claimState(this.#ports, session, signal)
  }

  /** What a recovered session's connection does from here on; `open` is what recovery waits for. */
  async handleRecoveredConnectionUpdate(sessionId: string, signal: AbortSignal): Promise<void> {
    await this.roster.known(sessionId).connect(signal)
  }

  /**
   * Seals, ships and releases every session; no snapshot is needed. Nobody is logged out. With
   * `store: false` they are sealed and closed only: what is not stored yet stays on this disk, and
   * the sessions this worker's.
   */
  async preserveSessionsForShutdown(options: {
    store: boolean
    onPreserved?: (session: PreservedSession) => void
  }): Promise<PreservedSession[]> {
    // Attempts that the stop has cancelled end first, so that none opens a socket afterwards.
    await Promise.allSettled(this.#attempts.values())
    const queue = new PQueue({ concurrency: PUT_AWAY_CONCURRENCY })
    const preserved = await queue.addAll(
      this.roster.all().map((runner) => async () => {
        const session = await preserveSession(this.#ports, runner, options.store)
        if (session !== undefined) options.onPreserved?.(session)
        return session
      }),
    )
    await this.roster.flush()
    return preserved.filter((session) => session !== undefined)
  }

  /** Sessions that this worker was running and has the state of: what needs no store to start. */
  warm(): string[] {
    const paired = this.#ports.auth.list().filter((local) => local.paired)
    return paired
      .map((local) => local.sessionId)
      .filter((id) => this.roster.record(id)?.desired === 'running')
  }

  /** Stops a session that another worker is to run, stores what is left of it, and releases it. */
  async handOver(sessionId: string): Promise<void> {
    await this.roster.known(sessionId).stop()
    if (this.#ports.replica.holds(sessionId))
      await this.#ports.replica.release(sessionId, { store: false })
  }

  /** Tells the backend what became of the sessions it assigned. */
  async reportRecoveryStatus(results: readonly RecoveryResult[]): Promise<void> {
    try {
      await this.#ports.backend.reportRecoveryStatus(results)
    } catch (thrown) {
      this.#ports.logger.error({ err: thrown }, 'the backend did not take the recovery report')
    }
  }

  list(): SessionView[] {
    return this.roster.all().map((runner) => this.roster.view(runner))
  }

  async #attemptOnce(
    runner: SessionRunner,
    options: RecoverOptions,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    const running = this.#attempts.get(runner.id)
    if (running !== undefined) return running
    const attempt = this.#attempt(runner, options, signal).finally(() =>
      this.#attempts.delete(runner.id),
    )
    this.#attempts.set(runner.id, attempt)
    return attempt
  }

  async #attempt(
    runner: SessionRunner,
    { takeOver = false, provisional = false }: RecoverOptions,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    if (runner.provisional && !provisional) {
      const failure = await this.#confirm(runner, takeOver, signal)
      if (failure !== undefined) return failure
    }
    if (runner.state === 'online')
      return { kind: 'recovered', result: { route: 'none', recoveredAt: runner.since } }
    if (this.roster.record(runner.id)?.desired === 'paused') {
      return { kind: 'skipped', result: { cause: 'paused', detail: CAUSES.paused.words } }
    }
    try {
      const began = performance.now()
      let route: RecoveryRoute = 'warm'
      let detail: string | undefined
      if (runner.handle === undefined) {
        runner.mark('restoring')
        const restored = await this.restoreSessionFromStorage(
          { sessionId: runner.id, assigned: true, takeOver, provisional },
          signal,
        )
        if (restored.kind === 'refused') {
          return this.#refused(runner, restored.cause, restored.detail)
        }
        ;({ route, detail } = restored)
        runner.provisional = restored.provisional
        signal.throwIfAborted()
      }
      const restored = performance.now()
      await this.handleRecoveredConnectionUpdate(runner.id, signal)
      return {
        kind: 'recovered',
        result: {
          route,
          recoveredAt: runner.since,
          ...(detail === undefined ? {} : { detail }),
        },
        restoreMs: restored - began,
        connectMs: performance.now() - restored,
      }
    } catch (thrown) {
      if (await this.#setAside(runner, thrown)) {
        return this.#attempt(runner, { takeOver, provisional }, signal)
      }
      return this.#failed(runner, thrown)
    }
  }

  /**
   * Damaged local state whose every change is stored gives way to the store's copy. Where changes
   * were never stored, going on without them is for a person to decide.
   */
  async #setAside({ id, handle }: SessionRunner, thrown: unknown): Promise<boolean> {
    const { auth, logger } = this.#ports
    const local = auth.find(id)
    const damaged = thrown instanceof GatewayError && thrown.code === 'state.corrupt'
    if (!damaged || handle !== undefined || local === undefined) return false
    if (local.seq > local.storedSeq) return false
    const file = await auth.quarantine(id, 'damaged')
    logger.error({ err: thrown, session: id, file }, 'damaged local state was set aside')
    return true
  }

  /**
   * Claims what was opened while the object store was away. A session that the store gives to
   * somebody else, or holds in a newer state, is closed; the attempt that follows says which it is.
   */
  async #confirm(
    runner: SessionRunner,
    takeOver: boolean,
    signal: AbortSignal,
  ): Promise<AttemptOutcome | undefined> {
    const { id } = runner
    const claimed = await this.restoreSessionFromStorage(
      { sessionId: id, assigned: true, takeOver },
      signal,
    )
    if (claimed.kind === 'ready') {
      runner.confirm()
      return undefined
    }
    const { cause, detail } = claimed
    if (cause === 'store-unavailable')
      return { kind: 'failed', retryable: true, result: { cause, detail } }
    this.#ports.logger.error(
      { session: id, cause, detail },
      "closed: it is not this worker's to run",
    )
    await runner.lost(detail)
    return undefined
  }

  #refused(runner: SessionRunner, cause: CauseId, detail: string): AttemptOutcome {
    runner.fail(cause, detail)
    if (cause === 'owned-elsewhere') return { kind: 'skipped', result: { cause, detail } }
    return { kind: 'failed', retryable: CAUSES[cause].retryable, result: { cause, detail } }
  }

  #failed(runner: SessionRunner, thrown: unknown): AttemptOutcome {
    const error = toGatewayError(thrown)
    if (error.code === 'internal') {
      this.#ports.logger.error({ err: thrown, session: runner.id }, 'a recovery attempt failed')
    }
    if (runner.state === 'restoring') runner.fail(causeOfError(error), error.message)
    const cause = runner.cause ?? causeOfError(error)
    return {
      kind: 'failed',
      retryable: CAUSES[cause].retryable,
      result: { cause, detail: runner.detail ?? error.message },
    }
  }

  async #guard(sessionId: string, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#ports.logger.error({ err: error, session: sessionId }, 'closing a session failed')
    }
  }
}
