import { initAuthCreds } from '@whiskeysockets/baileys'
import { GatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'
import type { SessionState } from '../session/state.ts'
import type { ServicePorts } from './ports.ts'
import { releaseInTime } from './release.ts'
import type { Roster } from './roster.ts'
import type { PairingEvent } from './prompt.ts'
import type { SessionRunner } from './runner.ts'

export interface PairRequest {
  sessionId: string
  /** Digits with the country code: a pairing code is wanted instead of a QR. */
  phone?: string
  name?: string
  timeoutMs?: number
}

export type PairProgress = PairingEvent | { type: 'state'; state: SessionState }

/** States in which a session has no use for what it holds, so that a phone may link it anew. */
const PAIRABLE: ReadonlySet<SessionState> = new Set([
  'idle',
  'closed',
  'needs-pairing',
  'banned',
  'failed',
])

/**
 * Links sessions to phones. The only place where a new identity is made, and only for a session
 * that has none or whose phone unlinked it; what it had is set aside, never overwritten.
 */
export class Pairing {
  readonly #ports: ServicePorts
  readonly #roster: Roster
  readonly #waiting = new Map<string, { qr?: string; code?: string }>()

  constructor(ports: ServicePorts, roster: Roster) {
    this.#ports = ports
    this.#roster = roster
  }

  /** What a person has to scan or type now. */
  shown(sessionId: string): { qr?: string; code?: string } {
    return this.#waiting.get(sessionId) ?? {}
  }

  /** Begins a pairing that goes on by itself; throws where it can't begin. */
  async begin(request: PairRequest, signal: AbortSignal): Promise<void> {
    const begun = Promise.withResolvers<void>()
    this.pair(request, () => begun.resolve(), signal, begun.resolve).then(
      () => begun.resolve(),
      (error: unknown) => begun.reject(error),
    )
    await begun.promise
  }

  /** Resolves when the session is paired and online; the state is stored off the disk by then. */
  async pair(
    request: PairRequest,
    emit: (event: PairProgress) => void,
    signal?: AbortSignal,
    /** Called when the session owns fresh state and begins to wait for a phone. */
    begun?: () => void,
  ): Promise<{ phone?: string }> {
    const sessionId = assertSessionId(request.sessionId)
    const fresh = !this.#roster.has(sessionId)
    this.#assertRoom(fresh)
    const runner = this.#roster.runner(sessionId)
    this.#assertPairable(runner)
    if (this.#waiting.has(sessionId)) throw busy(runner)
    this.#waiting.set(sessionId, {})
    // Asked before the state below replaces the cause.
    const lastCause = this.#roster.record(sessionId)?.lastCause
    // A refused account may make way for another phone under the same session.
    const unlinked = lastCause === 'logged-out' || lastCause === 'banned'
    const limit = AbortSignal.timeout(request.timeoutMs ?? this.#ports.settings.pairingTimeoutMs)
    try {
      runner.restoring('pairing')
      await this.#freshState(runner, unlinked)
      await this.#roster.save(sessionId, {
        desired: 'running',
        ...(request.name === undefined ? {} : { name: request.name }),
      })
      begun?.()
      await runner.pair(
        request.phone,
        (event) => this.#show(sessionId, event, emit),
        signal === undefined ? limit : AbortSignal.any([limit, signal]),
      )
    } catch (error) {
      this.#ports.logger.info(
        { err: error, session: sessionId },
        'the pairing ended without a phone',
      )
      await this.#discard(runner)
      throw error
    } finally {
      this.#waiting.delete(sessionId)
    }
    await this.#roster.save(sessionId, { pairedAt: Date.now() })
    await this.#store(sessionId)
    return runner.line.account.phone === undefined ? {} : { phone: runner.line.account.phone }
  }

  #show(sessionId: string, event: PairingEvent, emit: (event: PairProgress) => void): void {
    const shown = event.type === 'qr' ? { qr: event.qr } : { code: event.code }
    this.#waiting.set(sessionId, shown)
    this.#ports.emit({ type: 'pairing', sessionId, ...shown })
    emit(event)
  }

  #assertRoom(fresh: boolean): void {
    const { maxSessions } = this.#ports.settings
    if (!fresh || this.#roster.ids().length < maxSessions) return
    throw new GatewayError({
      code: 'session.limit',
      message: `this worker already has ${maxSessions} sessions`,
      hint: 'raise MAX_SESSIONS, or pair on another worker',
    })
  }

  #assertPairable(runner: SessionRunner): void {
    if (!PAIRABLE.has(runner.state)) throw busy(runner)
    const linked = this.#ports.auth.find(runner.id)?.paired === true
    if (linked && runner.state !== 'needs-pairing' && runner.state !== 'banned') {
      throw paired(runner.id)
    }
  }

  /**
   * New creds on the local disk, owned by this worker, continuing the session's sequence. Backups
   * older than the newest identity don't stand in the way: their pairing was given up before.
   */
  async #freshState(runner: SessionRunner, unlinked: boolean): Promise<void> {
    const { auth, replica, logger } = this.#ports
    const { id } = runner
    const owner = await replica.owner(id)
    if (!unlinked && owner?.backups.some((backup) => backup.newest)) {
      throw new GatewayError({
        code: 'session.busy',
        subject: id,
        message: `the object store holds a paired state of session ${id}`,
        hint: `run \`wa-gateway recover --session ${id}\`; pair again only when the phone has unlinked it`,
      })
    }
    const local = auth.find(id)
    if (local?.paired === true) {
      const file = await auth.quarantine(id, 'paired again')
      logger.info({ session: id, file }, 'the state that the phone unlinked was set aside')
    } else if (local !== undefined) {
      await auth.purge(id)
    }
    await auth.create(
      id,
      initAuthCreds(),
      owner === undefined ? undefined : { seq: owner.seq, hash: owner.hash },
    )
    const claim = await replica.claim({ sessionId: id, assigned: true, create: true })
    if (claim.kind === 'refused') {
      throw new GatewayError({
        code: 'replica.owned-elsewhere',
        subject: id,
        message: claim.detail,
        hint: `run \`wa-gateway session show ${id}\``,
      })
    }
  }

  /** A half-made pairing is worthless: a code that was never typed makes the next login a 401. */
  async #discard(runner: SessionRunner): Promise<void> {
    const { auth, replica, logger } = this.#ports
    try {
      if (runner.state === 'restoring') runner.refused('internal', 'the pairing could not begin')
      if (auth.find(runner.id)?.paired === true || runner.handle !== undefined) return
      if (replica.holds(runner.id)) await releaseInTime(replica, runner.id, { store: false })
      await auth.purge(runner.id)
    } catch (error) {
      logger.error({ err: error, session: runner.id }, 'cleaning up a failed pairing failed')
    }
  }

  async #store(sessionId: string): Promise<void> {
    try {
      await this.#ports.replica.fold(sessionId, 'paired')
    } catch (error) {
      this.#ports.logger.error(
        { err: error, session: sessionId },
        'the new session is on this disk only: the object store did not take it',
      )
    }
  }
}

function busy(runner: SessionRunner): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: runner.id,
    message: `session ${runner.id} is ${runner.state}`,
    hint: `run \`wa-gateway session show ${runner.id}\``,
  })
}

function paired(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `session ${sessionId} is paired already`,
    hint: `run \`wa-gateway recover --session ${sessionId}\` to bring it online, or \`wa-gateway session logout ${sessionId}\` before pairing another phone`,
  })
}
