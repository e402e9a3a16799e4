import type { CauseId, Outage } from '../session/cause.ts'
import { cause } from '../session/cause.ts'
import type { Ending } from './breaker.ts'
import {
  EMPTY_LANE,
  stepLane,
  type LaneInput,
  type LaneSettings,
  type LaneState,
  type Ticket,
} from './lane.ts'
import type { Pause, PauseEvent } from './port.ts'

/** What a ticket is asked for with. */
export interface Request {
  sessionId: string
  /** Starts that this session has had in vain. */
  tries: number
  /** Higher goes first among equals; then by name. */
  weight?: number
  group?: { id: number; limit: number }
  urgent?: true
  signal: AbortSignal
}

/** A start that was admitted; whoever holds it says once how it ended. */
export interface Turn {
  /** `undefined`: it got through. */
  end(cause: CauseId | undefined): void
}

interface Waiting {
  ticket: Ticket
  admit(): void
}

/** Drives the decisions of lane.ts with a real clock: one kind of work, its queue and its breaker. */
export class Admission {
  readonly #outage: Outage
  readonly #settings: LaneSettings
  readonly #online: () => number
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: PauseEvent) => void>()
  #state: LaneState = EMPTY_LANE
  #lastId = 0
  #timer: NodeJS.Timeout | undefined
  #pausedAt = 0

  constructor(outage: Outage, settings: LaneSettings, online: () => number = () => 0) {
    this.#outage = outage
    this.#settings = settings
    this.#online = online
  }

  /** Since when and why nobody but a probe starts; undefined while nothing is paused. */
  get paused(): Pause | undefined {
    const { breaker } = this.#state
    if (breaker.kind === 'closed') return undefined
    const { cause: why, probes } = breaker
    return { outage: this.#outage, cause: why, since: this.#pausedAt, probes }
  }

  /** Resolves when the session may start; rejects when the signal aborts first. */
  async enter(request: Request): Promise<Turn> {
    const { signal, weight = 0, ...rest } = request
    signal.throwIfAborted()
    const ticket: Ticket = { id: ++this.#lastId, weight, ...rest }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.set(ticket.id, { ticket, admit: resolve })
    const onAbort = (): void => {
      if (!this.#waiting.delete(ticket.id)) return
      reject(signal.reason as Error)
      this.#take({ type: 'leave', id: ticket.id })
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      this.#take({ type: 'enter', ticket })
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    return { end: (why) => this.#end(ticket.id, why) }
  }

  /** From now on so many run at the same time; those that run already go on. */
  resize(slots: number): void {
    if (slots === this.#settings.slots) return
    this.#settings.slots = slots
    this.#take({ type: 'look' })
  }

  /** From now on so many start in a second. */
  pace(rate: number): void {
    this.#settings.rate = rate
    this.#take({ type: 'look' })
  }

  /** Returns the unsubscribe function. */
  onPause(listener: (event: PauseEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #end(id: number, why: CauseId | undefined): void {
    if (!this.#state.running.has(id)) return
    this.#take({ type: 'end', id, ending: this.#ending(why), online: this.#online() })
  }

  #ending(why: CauseId | undefined): Ending {
    if (why === undefined) return { kind: 'answered' }
    const { outage, answered } = cause(why)
    if (outage === this.#outage) return { kind: 'outage', cause: why }
    return { kind: answered === this.#outage ? 'answered' : 'neutral' }
  }

  #take(input: LaneInput): void {
    const before = this.#state.breaker
    const clock = { now: performance.now(), random: Math.random }
    const { state, start, lookAt } = stepLane(this.#state, input, this.#settings, clock)
    this.#state = state
    clearTimeout(this.#timer)
    if (lookAt !== undefined)
      this.#timer = setTimeout(() => this.#take({ type: 'look' }), Math.max(1, lookAt - clock.now))
    if (before.kind === 'closed' && state.breaker.kind !== 'closed') this.#pausedAt = Date.now()
    this.#tell(before.kind, start)
    for (const { id } of start) {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      waiting?.admit()
    }
  }

  #tell(before: LaneState['breaker']['kind'], start: readonly Ticket[]): void {
    const { breaker } = this.#state
    const outage = this.#outage
    const pause = this.paused
    if (before === 'closed' && pause !== undefined) this.#emit({ type: 'paused', ...pause })
    if (before !== 'closed' && pause === undefined)
      this.#emit({ type: 'resumed', outage, pausedMs: Date.now() - this.#pausedAt })
    if (breaker.kind !== 'probing') return
    const probe = start.find(({ id }) => id === breaker.ticket)
    if (probe !== undefined)
      this.#emit({ type: 'probe', outage, sessionId: probe.sessionId, probes: breaker.probes })
  }

  #emit(event: PauseEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
