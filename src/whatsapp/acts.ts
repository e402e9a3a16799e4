import type { ConnectionState } from '@whiskeysockets/baileys'
import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'
import type { Turn } from '../recovery/port.ts'
import { CAUSES, type CauseId } from '../session/cause.ts'
import { causeOfDisconnect } from '../session/cause-of.ts'
import { toGatewayError } from '../session/errors.ts'
import type { Doing, Life, LifeEvent } from '../session/life.ts'
import type { Line } from './line.ts'
import type { RunnerPorts } from './ports.ts'
import type { Prompt } from './prompt.ts'

/** The session that acts, as far as its acts need it. */
interface Actor {
  id: string
  line: Line
  ports: RunnerPorts
  log: Logger
  doing(): Doing
  /** Failures since the last connection that stood. */
  failures(): number
  handle(): AuthHandle | undefined
  closeHandle(): Promise<void>
  /** Somebody waits for the attempt, and says when it has taken too long. */
  attended(): boolean
  prompt(): Prompt | undefined
  happened(event: LifeEvent): void
}

/** Does what src/session/life.ts has decided, and says what came of it. */
export class SessionActs {
  readonly #on: Actor
  /** Undoes what the present `doing` has set up: a timer, a place in the queue, a listener. */
  #leave: () => void = () => undefined
  #turn: Turn | undefined
  /** Settles when what is being closed is closed; rejects where closing gracefully failed. */
  closing: Promise<void> = Promise.resolve()

  constructor(actor: Actor) {
    this.#on = actor
  }

  /** Leaves what was done before, and begins what is to be done now. */
  begin({ doing: to, cause }: Life): void {
    this.#leave()
    this.#leave = () => undefined
    this.#endTurn(to, cause)
    switch (to.kind) {
      case 'resting':
      case 'given':
        return this.#putDown()
      case 'waiting':
        this.#putDown()
        return this.#after(Math.max(0, to.until - Date.now()), { type: 'due' })
      case 'queueing':
        return this.#queue(to.urgent)
      case 'storing':
        return this.#awaitStored()
      case 'connecting':
        return void this.#openLine(to)
      case 'online':
        return undefined
      case 'asking':
        return void this.#askOwner()
      case 'ending':
        return this.#close('ending', () => this.#on.line.end())
      case 'closing':
        return this.#close('closing', () =>
          this.#on.line.endGracefully(this.#on.ports.settings.drainMs),
        )
    }
  }

  #endTurn(to: Doing, cause: CauseId | undefined): void {
    const turn = this.#turn
    this.#turn = undefined
    const why = to.kind === 'ending' ? to.cause : (cause ?? 'cancelled')
    turn?.end(to.kind === 'online' ? undefined : why)
  }

  #after(ms: number, event: LifeEvent): void {
    const timer = setTimeout(() => this.#on.happened(event), ms)
    this.#leave = () => clearTimeout(timer)
  }

  #queue(urgent: boolean): void {
    const gone = new AbortController()
    this.#leave = () => gone.abort()
    const { signal } = gone
    const { lastActivity } = this.#on.line
    const request = { sessionId: this.#on.id, tries: urgent ? 0 : this.#on.failures(), signal }
    const admitted = this.#on.ports.logins.enter({
      ...request,
      ...(lastActivity !== undefined && { lastActivity }),
      ...(urgent && { urgent }),
    })
    admitted.then(
      (turn) => {
        if (signal.aborted) return turn.end('cancelled')
        this.#on.happened({ type: 'admitted' })
        if (this.#on.doing().kind !== 'connecting') return turn.end('cancelled')
        this.#turn = turn
        return undefined
      },
      (error: unknown) => {
        if (!signal.aborted) this.#on.log.error({ err: error }, 'a login was not admitted')
      },
    )
  }

  #awaitStored(): void {
    const handle = this.#on.handle()
    if (handle === undefined) return
    const stop = handle.onAck(() => {
      if (handle.ackSeq >= handle.seq) this.#on.happened({ type: 'stored' })
    })
    this.#leave = stop
  }

  async #openLine(doing: Doing): Promise<void> {
    // A recovery and a pairing have their own time.
    if (!this.#on.attended())
      this.#after(this.#on.ports.settings.loginMs, { type: 'abandoned', cause: 'timeout' })
    await this.#on.line.free()
    const handle = this.#on.handle()
    if (this.#on.doing() !== doing || handle === undefined) return
    try {
      this.#on.line.open(handle, {
        update: (update) => void this.#updated(update),
        stalled: (stalled) => this.#on.happened({ type: 'stalled', stalled }),
        received: (message) => this.#on.ports.received(this.#on.id, message),
      })
    } catch (error) {
      this.#on.log.error({ err: error }, 'a connection could not be begun')
      this.#on.happened({
        type: 'closed',
        cause: 'internal',
        detail: toGatewayError(error).message,
      })
    }
  }

  async #updated(update: Partial<ConnectionState>): Promise<void> {
    if (update.qr !== undefined) await this.#show(update.qr)
    if (update.connection === 'open') this.#on.happened({ type: 'opened' })
    if (update.connection !== 'close') return
    const error = update.lastDisconnect?.error
    const statusCode = statusOf(error)
    const pairing = !this.#on.handle()?.state.creds.account
    const cause = causeOfDisconnect({ statusCode, message: error?.message, pairing })
    const code = statusCode === undefined ? '' : ` (${statusCode})`
    this.#on.log.info({ cause, statusCode, seen: error?.message }, 'disconnected')
    this.#on.happened({ type: 'closed', cause, detail: `${CAUSES[cause].words}${code}` })
  }

  async #show(qr: string): Promise<void> {
    try {
      await this.#on.prompt()?.show(this.#on.line, qr)
    } catch (error) {
      const detail = toGatewayError(error).message
      this.#on.happened({ type: 'over', cause: 'connection-lost', detail })
    }
  }

  /** Nobody is fought with: whoever has the session, it rests here afterwards. */
  async #askOwner(): Promise<void> {
    const replaced = CAUSES.replaced.words
    try {
      const elsewhere = await this.#on.ports.ownedElsewhere(this.#on.id)
      const detail = `another worker took the session (${elsewhere})`
      if (elsewhere === undefined)
        this.#on.happened({ type: 'owner', cause: 'replaced', detail: replaced })
      else this.#on.happened({ type: 'owner', cause: 'owned-elsewhere', detail })
    } catch (error) {
      const detail = `${replaced}; whose it is could not be read: ${toGatewayError(error).message}`
      this.#on.happened({ type: 'owner', cause: 'replaced', detail })
    }
  }

  /** Ends a socket that is of no use any more, if there is one. */
  #putDown(): void {
    this.#on.line.end().catch((error: unknown) => {
      this.#on.log.error({ err: error }, 'a connection did not end well')
    })
  }

  #close(of: 'ending' | 'closing', end: () => Promise<void>): void {
    const before = this.closing.catch(() => undefined)
    const closed = before
      .then(() => this.#closeWith(end))
      .finally(() => this.#on.happened({ type: 'ended', of }))
    this.closing = closed
    closed.catch((error: unknown) => {
      this.#on.log.error({ err: error }, 'closing a session failed')
    })
  }

  async #closeWith(end: () => Promise<void>): Promise<void> {
    try {
      await end()
    } finally {
      await this.#on.closeHandle()
    }
  }
}

/** Baileys wraps its reasons in Boom errors; what has no status was a transport failure. */
function statusOf(error: unknown): number | undefined {
  if (error === undefined || error === null) return undefined
  const { output } = error as { output?: { statusCode?: unknown } }
  return typeof output?.statusCode === 'number' ? output.statusCode : undefined
}
