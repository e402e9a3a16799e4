import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import type { AssignedSession } from '../backend/port.ts'
import type { RecoveryEvent, RunOptions } from '../recovery/port.ts'
import type { SessionRecord } from '../registry/port.ts'
import { given } from '../session/given.ts'
import { assertSessionId } from '../session/ids.ts'
import type { PreservedSession, RecoveryResult } from '../session/report.ts'
import type { SessionView } from '../session/state.ts'
import { claimState, type Restored, type SessionToRestore } from './claim-state.ts'
import { installHooks } from './hooks/self-test.ts'
import type { ServicePorts } from './ports.ts'
import { preserveSession } from './preserve.ts'
import { giveUp } from './release.ts'
import { SessionRecovery } from './recovery-task.ts'
import { Roster } from './roster.ts'

export interface RecoverOptions extends RunOptions {
  takeOver?: boolean
  /** Run sessions whose local state is there although the object store is away. */
  provisional?: boolean
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
  readonly #runs = new Set<Promise<unknown>>()
  #assignedByCache = false

  constructor(ports: ServicePorts) {
    this.#ports = ports
    this.roster = new Roster(ports)
    ports.logins.onPause((event) => ports.emit({ type: 'recovery', event }))
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
      if (!this.#assignedByCache)
        this.#ports.logger.warn(
          { err: thrown },
          'the backend gave no assigned sessions; using those it gave before',
        )
      this.#assignedByCache = true
      return [...this.#givenBefore(), ...this.#pairedHere([])]
    }
    const assignedBy = this.#ports.backend.kind === 'http' ? 'backend' : 'local'
    for (const { sessionId, userId, name, phone } of assigned) {
      this.roster.runner(sessionId)
      await this.roster.note(sessionId, { assignedBy, ...given({ userId, name, phone }) })
    }
    return [...assigned, ...this.#pairedHere(assigned)]
  }

  #givenBefore(): AssignedSession[] {
    return this.#remembered(({ assignedBy }) => assignedBy === 'backend')
  }

  /** Sessions that somebody paired at this worker, which the backend may not have listed yet. */
  #pairedHere(assigned: readonly AssignedSession[]): AssignedSession[] {
    const listed = new Set(assigned.map((session) => session.sessionId))
    return this.#remembered(
      ({ id, assignedBy, pairedAt }) =>
        assignedBy === 'local' &&
        !listed.has(id) &&
        (pairedAt !== null || this.#ports.auth.find(id)?.paired === true),
    )
  }

  /** Those to run, by what the registry has of them. */
  #remembered(isMeant: (record: SessionRecord) => boolean): AssignedSession[] {
    return this.roster.ids().flatMap((sessionId) => {
      const record = this.roster.record(sessionId)
      return record?.desired === 'running' && isMeant(record) ? [{ sessionId }] : []
    })
  }

  /** Brings sessions online; resolves with a result for each and never rejects for one of them. */
  async recover(ids: readonly string[], options: RecoverOptions = {}): Promise<RecoveryResult[]> {
    const tasks = ids.map((id) => {
      const runner = this.roster.runner(assertSessionId(id))
      return new SessionRecovery(runner, this, this.#ports, options)
    })
    const { signal, trigger, concurrency, timeoutMs, deadlineMs, maxRetries } = options
    const run = this.#ports.engine.run(tasks, {
      ...given({ signal, trigger, concurrency, timeoutMs, deadlineMs, maxRetries }),
      onEvent: (event) => {
        if (!isPause(event)) this.#ports.emit({ type: 'recovery', event })
        options.onEvent?.(event)
      },
    })
    this.#runs.add(run)
    try {
      return await run
    } finally {
      this.#runs.delete(run)
    }
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
    /** Ends the waiting for the object store: what is left stays on this disk, unreleased. */
    signal?: AbortSignal
  }): Promise<PreservedSession[]> {
    // Recoveries that the stop has cancelled end first, so that none opens a socket afterwards.
    await Promise.allSettled(this.#runs)
    const queue = new PQueue({ concurrency: PUT_AWAY_CONCURRENCY })
    const preserved = await queue.addAll(
      this.roster.all().map((runner) => async () => {
        const session = await preserveSession(this.#ports, runner, options)
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

  /**
   * Stops a session that another worker is to run, stores what is left of it, and releases it. Throws
   * where the store does not take that: call it again.
   */
  async handOver(sessionId: string): Promise<void> {
    await this.roster.known(sessionId).stop()
    await giveUp(this.#ports.replica, sessionId)
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

  async #guard(sessionId: string, work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.#ports.logger.error({ err: error, session: sessionId }, 'closing a session failed')
    }
  }
}

/** Pauses concern everybody: they are told of once, not by every run. */
function isPause({ type }: RecoveryEvent): boolean {
  return type === 'paused' || type === 'probe' || type === 'resumed'
}
