import type { LocalSession } from '../authstate/port.ts'
import type { AttemptOutcome, RecoveryTask, RestoreOutcome } from '../recovery/port.ts'
import { CAUSES, type CauseId } from '../session/cause.ts'
import { causeOfError } from '../session/cause-of.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import type { RecoveryResult, RecoveryRoute } from '../session/report.ts'
import type { Restored, SessionToRestore } from './claim-state.ts'
import type { ServicePorts } from './ports.ts'
import type { Roster } from './roster.ts'
import type { SessionRunner } from './runner.ts'

export interface TaskOptions {
  takeOver?: boolean
  /** Run the session from local state although the object store is away. */
  provisional?: boolean
}

/** BaileysService, as far as a recovery needs it. */
interface Service {
  roster: Roster
  restoreSessionFromStorage(session: SessionToRestore, signal: AbortSignal): Promise<Restored>
  handleRecoveredConnectionUpdate(sessionId: string, signal: AbortSignal): Promise<void>
}

type Failed = Extract<AttemptOutcome, { kind: 'failed' | 'skipped' }>

/** What the engine does to one session: bring its state to this disk and ownership, then connect. */
export class SessionRecovery implements RecoveryTask {
  readonly sessionId: string
  readonly lastActivity?: number
  readonly insistent?: true
  readonly #runner: SessionRunner
  readonly #service: Service
  readonly #ports: ServicePorts
  readonly #takeOver: boolean
  readonly #provisional: boolean
  #route: RecoveryRoute | undefined
  #detail: string | undefined

  constructor(runner: SessionRunner, service: Service, ports: ServicePorts, options: TaskOptions) {
    this.sessionId = runner.id
    this.#runner = runner
    this.#service = service
    this.#ports = ports
    this.#takeOver = options.takeOver === true
    this.#provisional = options.provisional === true
    const lastActivity = service.roster.view(runner).lastActivity
    if (lastActivity !== undefined) this.lastActivity = lastActivity
    if (this.#takeOver) this.insistent = true
  }

  standing(): 'restore' | 'connect' | AttemptOutcome {
    const runner = this.#runner
    if (this.#service.roster.record(runner.id)?.desired === 'paused')
      return { kind: 'skipped', result: { cause: 'paused', detail: CAUSES.paused.words } }
    if (runner.life.pairing)
      return { kind: 'skipped', result: { cause: 'no-state', detail: 'it is being paired' } }
    if (this.#unconfirmed) return 'restore'
    if (runner.state === 'online') return this.#online('none')
    return runner.handle === undefined && this.#route === undefined ? 'restore' : 'connect'
  }

  begin(): void {
    this.#runner.taken()
  }

  end({ cause = 'cancelled', detail = CAUSES[cause].words }: RecoveryResult): void {
    this.#runner.givenBack(cause, detail)
  }

  waits(until: number | undefined): void {
    this.#runner.postponed(until)
  }

  async restore(signal: AbortSignal): Promise<RestoreOutcome> {
    const runner = this.#runner
    try {
      if (this.#unconfirmed) return await this.#confirm(signal)
      runner.restoring('recovery')
      if (runner.damage !== undefined && !(await this.#setAside(runner.damage))) throw runner.damage
      return await this.#restored(await this.#claim(signal, { provisional: this.#provisional }))
    } catch (thrown) {
      return this.#failed(thrown)
    }
  }

  async connect(signal: AbortSignal): Promise<AttemptOutcome> {
    try {
      await this.#service.handleRecoveredConnectionUpdate(this.sessionId, signal)
      return this.#online(this.#route ?? 'warm')
    } catch (thrown) {
      if (await this.#setAside(thrown)) {
        const restored = await this.restore(signal)
        return restored.kind === 'ready' ? this.connect(signal) : restored
      }
      // Without a handle the next attempt begins with the state again.
      if (this.#runner.handle === undefined) this.#route = undefined
      return this.#failed(thrown)
    }
  }

  /** It runs from local state that the store has not given us, and now it has to. */
  get #unconfirmed(): boolean {
    return this.#runner.provisional && !this.#provisional && this.#runner.handle !== undefined
  }

  #online(route: RecoveryRoute): AttemptOutcome {
    const detail = this.#detail === undefined ? {} : { detail: this.#detail }
    return { kind: 'recovered', result: { route, recoveredAt: this.#runner.since, ...detail } }
  }

  /** A store that answers nothing until the attempt's time is over is away. */
  async #claim(
    signal: AbortSignal,
    how: { provisional?: boolean; inUse?: boolean } = {},
  ): Promise<Restored> {
    const request = { sessionId: this.sessionId, assigned: true, takeOver: this.#takeOver }
    try {
      return await this.#service.restoreSessionFromStorage({ ...request, ...how }, signal)
    } catch (thrown) {
      const { reason } = signal as { reason: unknown }
      if (thrown !== reason || !isTimeout(reason)) throw thrown
      const detail = 'the object store did not answer in time'
      return { kind: 'refused', cause: 'store-unavailable', detail }
    }
  }

  async #restored(claimed: Restored): Promise<RestoreOutcome> {
    if (claimed.kind === 'refused') return this.#refused(claimed.cause, claimed.detail)
    const { route, provisional, detail, unasked } = claimed
    if (detail !== undefined)
      this.#ports.logger.warn(
        { session: this.sessionId, detail },
        'the session goes on, with what may be lost or doubtful',
      )
    this.#route = route
    this.#detail = detail
    this.#runner.provisional = provisional
    return { kind: 'ready', route, unasked }
  }

  /**
   * Claims what was opened while the object store was away. A session that the store gives to
   * somebody else, or holds in a newer state, is closed; the restore that follows says which it is.
   */
  async #confirm(signal: AbortSignal): Promise<RestoreOutcome> {
    const runner = this.#runner
    const claimed = await this.#claim(signal, { inUse: true })
    if (claimed.kind === 'ready') {
      runner.confirm()
      return runner.state === 'online' ? this.#online('none') : { kind: 'ready', route: 'warm' }
    }
    const { cause, detail } = claimed
    if (cause === 'store-unavailable') return failed(cause, detail)
    const { logger } = this.#ports
    if (cause === 'stale') {
      logger.error({ session: runner.id, detail, hint: OLD_DISK.hint }, OLD_DISK.message)
      await runner.setBack(OLD_DISK.message)
    } else {
      logger.error({ session: runner.id, cause, detail }, "closed: it is not this worker's to run")
      await runner.lost(detail)
    }
    runner.restoring('recovery')
    return this.#restored(await this.#claim(signal))
  }

  /**
   * Damaged local state whose every change is stored gives way to the store's copy. Where changes
   * were never stored, going on without them is for a person to decide.
   */
  async #setAside(thrown: unknown): Promise<boolean> {
    const { auth, logger } = this.#ports
    const { id, handle } = this.#runner
    const local = auth.find(id)
    const damaged = thrown instanceof GatewayError && thrown.code === 'state.corrupt'
    if (!damaged || handle !== undefined || !isWhollyStored(local)) return false
    const file = await auth.quarantine(id, 'damaged')
    this.#runner.damage = undefined
    logger.error({ err: thrown, session: id, file }, 'damaged local state was set aside')
    return true
  }

  #refused(cause: CauseId, detail: string): Failed {
    this.#runner.refused(cause, detail)
    if (cause === 'owned-elsewhere') return { kind: 'skipped', result: { cause, detail } }
    return failed(cause, detail)
  }

  #failed(thrown: unknown): Failed {
    const runner = this.#runner
    const error = toGatewayError(thrown)
    if (error.code === 'internal') {
      this.#ports.logger.error({ err: thrown, session: runner.id }, 'a recovery attempt failed')
    }
    if (runner.state === 'restoring') runner.refused(causeOfError(error), error.message)
    return failed(runner.cause ?? causeOfError(error), runner.detail ?? error.message)
  }
}

const OLD_DISK = {
  message:
    'closed: while the object store was away it ran from this disk, which has not the newest state',
  hint: 'contacts may not be able to read what it sent meanwhile, so send that again; an old copy of the state directory was put back, or another worker had the session',
}

/** Its every change is in the object store, so that nothing is lost with the local copy. */
export function isWhollyStored(
  local: Pick<LocalSession, 'seq' | 'storedSeq'> | undefined,
): boolean {
  return local !== undefined && local.seq <= local.storedSeq
}

function failed(cause: CauseId, detail: string): Failed {
  return { kind: 'failed', retryable: CAUSES[cause].retryable, result: { cause, detail } }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
