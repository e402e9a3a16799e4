import type { Logger } from 'pino'
import type { Replica } from '../replica/port.ts'
import type { PartCheck, SessionCheck } from '../replica/verify/port.ts'
import { WHOLE } from '../replica/verify/sample.ts'
import type { Verifications } from '../registry/port.ts'
import { toGatewayError } from '../session/errors.ts'
import { Turns } from './turns.ts'
import { nextTurn } from './verify-turn.ts'
import { isWhole, noteVerified } from './verified.ts'

/** A worker's own log is walked so often in an interval, and so much of its data read each time. */
const LOG_TURNS = 64

/** How far the verification that runs by itself is. Times are milliseconds since the epoch. */
export interface VerifyView {
  intervalMs: number
  sessions: number
  /** Those whose copies were read whole at least once. */
  verified: number
  /** Those that were found damaged when they were read last. */
  damaged: string[]
  /** When the session was read that was read longest ago; absent while one never was. */
  oldestAt?: number
  /** When one was read last. */
  lastAt?: number
  /** Why nothing is read at the moment. */
  waiting?: string
}

interface Ports {
  replica: Pick<Replica, 'verify'>
  verifications: Verifications
  /** Whose copies this worker answers for. */
  sessions: () => readonly string[]
  worker: string
  /** Why this is not the time; undefined while it is. */
  waiting: () => string | undefined
  /** Something wrong was found, or could not be read. */
  found: (check: SessionCheck | PartCheck) => void
  logger: Logger
  now?: () => number
}

/**
 * Reads what is stored of one session after another, slowly, so that everything has been read once
 * within the interval: rot is found while the disk still has the same state. It waits while sessions
 * are being recovered and while the store is away. What was verified when lies in the registry.
 */
export class VerifySchedule {
  readonly #ports: Ports
  readonly #turns: Turns
  readonly #known = new Map<string, { at: number; outcome: 'sound' | 'damaged' }>()
  #loaded = false
  #lastTurn = -Infinity
  #logTurn: number | undefined

  constructor(ports: Ports, intervalMs: number) {
    this.#ports = ports
    this.#turns = new Turns(intervalMs, {
      waiting: () => ports.waiting(),
      take: (signal) => this.#take(signal),
    })
  }

  /** Milliseconds in which everything is read once, from now on. */
  every(intervalMs: number): void {
    this.#turns.every(intervalMs)
  }

  start(): void {
    this.#turns.start()
  }

  async stop(): Promise<void> {
    await this.#turns.stop()
  }

  /** Begins a turn where one is due; resolves when it is over. */
  async look(): Promise<void> {
    await this.#turns.look()
  }

  /** A session was verified by somebody else. */
  noted({ sessionId, outcome }: Pick<SessionCheck, 'sessionId' | 'outcome'>): void {
    if (outcome === 'sound' || outcome === 'damaged')
      this.#known.set(sessionId, { at: this.#now(), outcome })
  }

  view(): VerifyView {
    const sessions = this.#ports.sessions()
    const known = sessions.flatMap((session) => {
      const found = this.#known.get(session)
      return found === undefined ? [] : [{ session, ...found }]
    })
    const times = known.map(({ at }) => at)
    const all = times.length > 0 && times.length === sessions.length
    const waiting = this.#ports.waiting()
    return {
      intervalMs: this.#turns.intervalMs,
      sessions: sessions.length,
      verified: known.length,
      damaged: known.flatMap(({ session, outcome }) => (outcome === 'damaged' ? session : [])),
      ...(all && { oldestAt: least(times) }),
      ...(times.length > 0 && { lastAt: -least(times.map((at) => -at)) }),
      ...(waiting !== undefined && { waiting }),
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    const { logger } = this.#ports
    try {
      await this.#load()
      const ids = this.#ports.sessions()
      const due = nextTurn(
        ids.map((session) => ({ session, at: this.#known.get(session)?.at })),
        this.#turns.intervalMs,
      )
      if (due !== undefined && this.#now() - this.#lastTurn >= due.afterMs) {
        this.#lastTurn = this.#now()
        await this.#verify({ sessionIds: [due.session], readData: true, signal }, due.session)
      }
      await this.#walkLog(signal)
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: toGatewayError(error) }, 'a verification failed')
    }
  }

  /** The log that is kept for going back, the next part of it each time. */
  async #walkLog(signal: AbortSignal): Promise<void> {
    // By the clock alone, so that a restart goes on about where it was.
    const turn = Math.floor((this.#now() / this.#turns.intervalMs) * LOG_TURNS)
    if (turn === this.#logTurn) return
    this.#logTurn = turn
    const size = Math.ceil(WHOLE / LOG_TURNS)
    const readData = { from: (turn % LOG_TURNS) * size, size }
    await this.#verify({ sessionIds: [], workers: [this.#ports.worker], readData, signal })
  }

  async #verify(what: Parameters<Replica['verify']>[0], session?: string): Promise<void> {
    const { replica, verifications, found } = this.#ports
    const checks: (SessionCheck | PartCheck)[] = []
    await replica.verify(what, (check) => checks.push(check))
    for (const check of checks) {
      if (check.kind === 'session') {
        await noteVerified(verifications, check, this.#now())
        if (isWhole(check)) this.noted(check)
      }
      if (check.outcome === 'damaged' || check.outcome === 'unread') found(check)
    }
    // What has nothing stored yet had its turn too.
    if (session !== undefined && checks.some(({ outcome }) => outcome === 'nothing'))
      this.#known.set(session, { at: this.#now(), outcome: 'sound' })
  }

  async #load(): Promise<void> {
    if (this.#loaded) return
    for (const { session, at, outcome } of await this.#ports.verifications.sessions()) {
      this.#known.set(session, { at, outcome })
      this.#lastTurn = Math.max(this.#lastTurn, at)
    }
    this.#loaded = true
  }

  #now(): number {
    return this.#ports.now?.() ?? Date.now()
  }
}

function least(values: readonly number[]): number {
  return values.reduce((one, other) => Math.min(one, other), Infinity)
}
