import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'
import { CAUSES, cause as causeOf, nextStep, type CauseId } from '../session/cause.ts'
import { toGatewayError, type GatewayError } from '../session/errors.ts'
import { newLife, type Life, type LifeEvent } from '../session/life.ts'
import { isFlapping } from '../session/restraint.ts'
import type { SessionState } from '../session/state.ts'
import { stepLife } from '../session/step-life.ts'
import { SessionActs } from './acts.ts'
import { Line } from './line.ts'
import type { RunnerPorts } from './ports.ts'
import { Prompt, type PairingEvent } from './prompt.ts'
import { failure, notOnline, refusal, stopping } from './session-errors.ts'

/**
 * One session in this worker. What it does is decided by src/session/life.ts; this does it and says
 * what came of it. `connect` and `pair` settle with the outcome of one attempt; what follows is the
 * recovery's affair while it has taken the session, and after that the session's own.
 */
export class SessionRunner {
  readonly id: string
  readonly line: Line
  readonly #ports: RunnerPorts
  readonly #log: Logger
  #life: Life
  #handle: AuthHandle | undefined
  /** Set while `connect` or `pair` waits for an outcome. */
  #attempt: PromiseWithResolvers<void> | undefined
  #prompt: Prompt | undefined
  readonly #acts: SessionActs

  /** It runs without the object store's word that it is ours. */
  provisional = false
  /** What a read of its local state found, until that state is set aside. */
  damage: GatewayError | undefined

  constructor(id: string, ports: RunnerPorts) {
    this.id = id
    this.#ports = ports
    this.#log = ports.logger.child({ session: id })
    this.line = new Line(ports.settings, this.#log)
    this.#life = newLife(Date.now())
    this.#acts = new SessionActs({
      id,
      line: this.line,
      ports,
      log: this.#log,
      doing: () => this.#life.doing,
      failures: () => this.#life.restraint.failures,
      handle: () => this.#handle,
      closeHandle: () => this.#closeHandle(),
      attended: () => this.#attempt !== undefined,
      prompt: () => this.#prompt,
      happened: (event) => this.#apply(event),
    })
  }

  get life(): Life {
    return this.#life
  }

  get state(): SessionState {
    return this.#life.state
  }

  get cause(): CauseId | undefined {
    return this.#life.cause
  }

  get detail(): string | undefined {
    return this.#life.detail
  }

  /** Milliseconds since the epoch at which the present state began. */
  get since(): number {
    return this.#life.since
  }

  get handle(): AuthHandle | undefined {
    return this.#handle
  }

  get messagesIn(): number {
    return this.line.messagesIn
  }

  get messagesOut(): number {
    return this.line.messagesOut
  }

  get lastActivity(): number | undefined {
    return this.line.lastActivity
  }

  get flapping(): boolean {
    return isFlapping(this.#life.restraint, this.#ports.settings.life, Date.now())
  }

  /** A recovery takes charge; until it gives the session back, it decides when that connects. */
  taken(): void {
    this.#apply({ type: 'taken' })
  }

  givenBack(cause: CauseId, detail: string): void {
    this.#apply({ type: 'given-back', cause, detail })
  }

  /** The recovery waits until then before it goes on. */
  postponed(until: number | undefined): void {
    this.#apply({ type: 'postponed', until })
  }

  /** State is about to be brought; throws where the session was stopped meanwhile. */
  restoring(reason: 'recovery' | 'pairing'): void {
    this.#apply({ type: 'restoring', for: reason })
    if (this.state !== 'restoring') throw stopping(this.id)
  }

  /** State could not be brought. */
  refused(cause: CauseId, detail: string): void {
    this.#apply({ type: 'refused', cause, detail })
  }

  /** Opens the connection and resolves when it is `open`; rejects with the first failure. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#attempted({ type: 'connect' }, signal)
  }

  /** Waits for a phone and resolves when the new device is online. The handle's creds are fresh. */
  async pair(
    phone: string | undefined,
    emit: (event: PairingEvent) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#prompt = new Prompt(phone, emit)
    try {
      await this.#attempted({ type: 'pair' }, signal)
    } finally {
      this.#prompt = undefined
    }
  }

  async sendText(
    jid: string,
    text: string,
  ): Promise<{ messageId: string; status: 'sent' | 'pending' }> {
    const hint = `run \`wa-gateway session show ${this.id}\``
    if (this.state !== 'online') throw notOnline(this, ", so it can't send", hint)
    return this.line.sendText(jid, text)
  }

  /** Unlinks the device. The session must be online; the local state stays where it is. */
  async logout(): Promise<void> {
    if (this.state !== 'online') {
      const hint = `run \`wa-gateway recover --session ${this.id}\` first`
      throw notOnline(this, ', and WhatsApp can only be told while it is online', hint)
    }
    try {
      await this.line.logout()
    } catch (error) {
      const detail = `the logout failed: ${toGatewayError(error).message}`
      this.#apply({ type: 'closed', cause: 'connection-lost', detail })
      throw error
    }
    await this.#over('logged-out', 'logged out by the operator')
  }

  /** Seals, lets the last receipts out, closes. Never logs out. Safe in every state. */
  async stop(): Promise<void> {
    this.#apply({ type: 'stop' })
    await this.#closed()
  }

  /** Another worker has the session: end at once, without a word to WhatsApp about logging out. */
  async lost(detail: string): Promise<void> {
    await this.#over('owned-elsewhere', detail)
  }

  /** What it runs from is not the newest: end, to go on from that. */
  async setBack(detail: string): Promise<void> {
    await this.#over('cancelled', detail)
  }

  /** Reading from WhatsApp stops until `resumeReading`. */
  pauseReading(reason: string): void {
    this.line.pause(reason)
  }

  resumeReading(reason: string): void {
    this.line.resume(reason)
  }

  /** The object store says, after all, that the session is ours. */
  confirm(): void {
    this.provisional = false
    this.#ports.changed()
  }

  async #over(cause: CauseId, detail: string): Promise<void> {
    this.#apply({ type: 'over', cause, detail })
    await this.#closed()
  }

  /** Resolves when what is being closed now is closed. */
  async #closed(): Promise<void> {
    const { kind } = this.#life.doing
    if (kind === 'ending' || kind === 'closing') await this.#acts.closing
  }

  async #attempted(begin: LifeEvent & { type: 'connect' | 'pair' }, signal: AbortSignal) {
    if (this.#attempt !== undefined) throw refusal(this, 'session.busy', '', 'wait for it')
    signal.throwIfAborted()
    await this.#open()
    const attempt = Promise.withResolvers<void>()
    this.#attempt = attempt
    const onAbort = (): void => {
      const late = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
      this.#apply({ type: 'abandoned', cause: late ? 'timeout' : 'cancelled' })
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#apply(begin)
      if (signal.aborted) onAbort()
      this.#settle()
      await attempt.promise
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#attempt = undefined
    }
  }

  async #open(): Promise<void> {
    if (this.#handle !== undefined) return
    const given = () => this.#life.doing.kind === 'given'
    if (!given()) throw this.#asError()
    const handle = await this.#ports.auth.open(this.id)
    if (!given()) {
      await handle.close()
      throw this.#asError()
    }
    this.#handle = handle
    handle.onDamage((error) => {
      if (this.#handle !== handle) return
      this.#log.error({ err: error }, 'the auth state is damaged: the session stops')
      this.damage = toGatewayError(error)
      this.#apply({ type: 'over', cause: 'damaged', detail: error.message })
    })
  }

  async #closeHandle(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    this.provisional = false
    await handle?.close()
  }

  /** Decides what follows from the event, and does it. */
  #apply(event: LifeEvent): void {
    const before = this.#life
    const handle = this.#handle
    const life = stepLife(before, event, this.#ports.settings.life, {
      now: Date.now(),
      random: Math.random(),
      // creds.registered stays false after a QR pairing.
      unpaired: !handle?.state.creds.account,
      unstored: handle !== undefined && handle.ackSeq < handle.seq,
    })
    if (life === before) return
    this.#life = life
    if (life.doing !== before.doing) this.#acts.begin(life)
    this.#tell(before, life)
    this.#settle()
  }

  #tell(before: Life, { state, cause, detail, doing }: Life): void {
    const same = before.state === state && before.cause === cause
    if (same && before.doing === doing && before.detail === detail) return
    if (!same) this.#log.debug({ state, cause }, 'session state')
    if (!same && doing.kind === 'resting' && cause !== undefined && causeOf(cause).alert === true) {
      const next = nextStep(cause, this.id)
      this.#log.error({ cause, next }, `${CAUSES[cause].words}: the session stays ${state}`)
    }
    this.#ports.changed()
  }

  /** Whoever waits for an attempt hears of its outcome. */
  #settle(): void {
    const attempt = this.#attempt
    const { kind } = this.#life.doing
    if (attempt === undefined) return
    if (kind === 'online') attempt.resolve()
    else if (kind === 'closing') attempt.reject(stopping(this.id))
    else if (kind === 'resting' || kind === 'given' || kind === 'waiting')
      attempt.reject(this.#asError())
  }

  #asError(): GatewayError {
    return this.cause === undefined ? stopping(this.id) : failure(this)
  }
}
