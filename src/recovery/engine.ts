import type { RecoveryResult } from '../session/report.ts'
import { Admission } from './admission.ts'
import type { BreakerSettings } from './breaker.ts'
import { Job, type Lanes } from './job.ts'
import type {
  LoginGate,
  LoginRequest,
  Pause,
  PauseEvent,
  RecoveryEngine,
  RecoveryTask,
  RunOptions,
  Turn,
} from './port.ts'

export interface EngineSettings {
  /** Logins at the same time. */
  concurrency: number
  /** Restores from the object store at the same time. */
  restores: number
  /** Logins a second, over all sessions and whatever for. */
  loginRate: number
  /** Whose turn comes first: the session that was used last, or the one whose name does. */
  order: 'activity' | 'name'
  /** Milliseconds that one attempt may take (SESSION_RECOVERY_TIMEOUT). */
  timeoutMs: number
  /** Attempts after the first (SESSION_RECOVERY_MAX_RETRIES). */
  maxRetries: number
  /** Milliseconds before the first retry (SESSION_RECOVERY_RETRY_DELAY). */
  retryDelayMs: number
  /** Milliseconds after which a run ends, whatever is still missing. */
  deadlineMs: number
}

/** A timer that is set to longer fires at once. */
const LONGEST_MS = 2 ** 31 - 1
/** Sessions that may be restored and wait for their turn to log in. */
const AHEAD = 40

const LOGINS: BreakerSettings = {
  sessions: 3,
  windowMs: 120_000,
  probe: { baseMs: 1_000, maxMs: 20_000 },
}
const RESTORES: BreakerSettings = {
  sessions: 3,
  windowMs: 120_000,
  probe: { baseMs: 500, maxMs: 15_000 },
}

/**
 * The recovery engine. Every login of the worker, of a recovery or not, and every restore goes
 * through the two lanes here, so that whatever runs at once, they stay under one rate and pause
 * together.
 */
export class QueuedRecoveryEngine implements RecoveryEngine, LoginGate {
  #settings: EngineSettings
  readonly #logins: Admission
  readonly #restores: Admission
  readonly #jobs = new Map<string, Job>()
  /** Concurrency of the runs under way that chose their own. */
  readonly #limits = new Map<number, number>()
  #lastRun = 0
  #ahead = 0

  /** `online`: how many sessions are connected at this moment. */
  constructor(settings: EngineSettings, online: () => number = () => 0) {
    const { concurrency, restores, loginRate } = settings
    this.#settings = settings
    const logins = { slots: concurrency, rate: loginRate, breaker: LOGINS }
    this.#logins = new Admission('whatsapp', logins, online)
    this.#restores = new Admission('store', { slots: restores, rate: Infinity, breaker: RESTORES })
  }

  async run(tasks: RecoveryTask[], options: RunOptions): Promise<RecoveryResult[]> {
    const emit = options.onEvent ?? (() => undefined)
    const id = ++this.#lastRun
    const { concurrency, deadlineMs = this.#settings.deadlineMs } = options
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(late()), Math.min(deadlineMs, LONGEST_MS))
    const signal = AbortSignal.any([deadline.signal, ...(options.signal ? [options.signal] : [])])
    const unsubscribe = this.onPause(emit)
    if (concurrency !== undefined) this.#limit(id, concurrency)
    emit({ type: 'begin', total: tasks.length })
    for (const pause of this.pauses()) emit({ type: 'paused', ...pause })
    try {
      let done = 0
      const results = await Promise.all(
        tasks.map(async (task) => {
          const result = await this.#recover(task, { ...options, signal, onEvent: emit }, id)
          done++
          emit({ type: 'settled', result, done, total: tasks.length })
          return result
        }),
      )
      emit({ type: 'end', results })
      return results
    } finally {
      clearTimeout(timer)
      unsubscribe()
      if (concurrency !== undefined) this.#limit(id, undefined)
    }
  }

  /** What is under way goes on as it began; the next ones go by these settings. */
  change(settings: EngineSettings): void {
    this.#settings = settings
    this.#logins.pace(settings.loginRate)
    this.#resize()
    this.#restores.resize(this.#room())
  }

  enter({ lastActivity, ...request }: LoginRequest): Promise<Turn> {
    return this.#logins.enter({ ...request, weight: this.#weight(lastActivity) })
  }

  pauses(): Pause[] {
    return [this.#logins.paused, this.#restores.paused].filter((pause) => pause !== undefined)
  }

  onPause(listener: (event: PauseEvent) => void): () => void {
    const unsubscribe = [this.#logins, this.#restores].map((lane) => lane.onPause(listener))
    return () => {
      for (const each of unsubscribe) each()
    }
  }

  async #recover(
    task: RecoveryTask,
    options: RunOptions & Required<Pick<RunOptions, 'signal' | 'onEvent'>>,
    run: number,
  ): Promise<RecoveryResult> {
    const running = this.#jobs.get(task.sessionId)
    if (running?.givenUp === true) {
      await running.result
      return this.#recover(task, options, run)
    }
    const job = running ?? this.#begin(task, options, run)
    const result = await job.wait(options.onEvent, options.signal)
    const again = running !== undefined && task.insistent === true && !options.signal.aborted
    return again && result.outcome !== 'recovered' ? this.#recover(task, options, run) : result
  }

  #begin(task: RecoveryTask, options: RunOptions, run: number): Job {
    const { timeoutMs, maxRetries, retryDelayMs } = this.#settings
    const { concurrency } = options
    const job = new Job(task, this.#lanes, {
      timeoutMs: options.timeoutMs ?? timeoutMs,
      maxRetries: options.maxRetries ?? maxRetries,
      retryDelayMs,
      weight: this.#weight(task.lastActivity),
      ...(concurrency !== undefined && { group: { id: run, limit: concurrency } }),
    })
    this.#jobs.set(task.sessionId, job)
    const forget = () => this.#jobs.delete(task.sessionId)
    void job.result.then(forget, forget)
    return job
  }

  get #lanes(): Lanes {
    const count = (by: number) => () => {
      this.#ahead += by
      this.#restores.resize(this.#room())
    }
    const ahead = { add: count(1), remove: count(-1) }
    return { restores: this.#restores, logins: this.#logins, ahead }
  }

  /** Restores that may run, so that not too many wait for their login. */
  #room(): number {
    return Math.max(0, Math.min(this.#settings.restores, AHEAD - this.#ahead))
  }

  #weight(lastActivity: number | undefined): number {
    return this.#settings.order === 'activity' ? (lastActivity ?? 0) : 0
  }

  #limit(run: number, limit: number | undefined): void {
    if (limit === undefined) this.#limits.delete(run)
    else this.#limits.set(run, limit)
    this.#resize()
  }

  #resize(): void {
    this.#logins.resize(Math.max(this.#settings.concurrency, ...this.#limits.values()))
  }
}

function late(): Error {
  return new DOMException('the recovery took longer than it may', 'TimeoutError')
}
