import { setTimeout as sleep } from 'node:timers/promises'
import { CAUSES, cause, type CauseId } from '../session/cause.ts'
import { toGatewayError } from '../session/errors.ts'
import type { RecoveryResult, RecoveryRoute } from '../session/report.ts'
import type { Admission } from './admission.ts'
import type { AttemptOutcome, Pause, RecoveryEvent, RecoveryTask } from './port.ts'
import { afterOutcome, type RetrySettings } from './retry.ts'

export interface JobSettings extends RetrySettings {
  /** Milliseconds that one attempt may take, without the waits for its turns. */
  timeoutMs: number
  group?: { id: number; limit: number }
  /** Of logins and restores among those that have failed as often; higher goes first. */
  weight: number
}

export interface Lanes {
  restores: Admission
  logins: Admission
  /** Sessions that are restored and wait for their login. */
  ahead: { add(): void; remove(): void }
}

type Listener = (event: RecoveryEvent) => void

/**
 * The recovery of one session, for everybody who asked for it: it ends when there is a result, or
 * when the last of them gave up.
 *
 *   restore turn ──► restoring ──► login turn ──► connecting ──► result
 *        ▲                │                            │
 *        └──── delay ◄────┴──────── failed ◄───────────┘
 */
export class Job {
  readonly #task: RecoveryTask
  readonly #lanes: Lanes
  readonly #settings: JobSettings
  readonly #listeners = new Set<Listener>()
  readonly #ending = new AbortController()
  readonly #began = performance.now()
  readonly result: Promise<RecoveryResult>
  #attempts = 0
  #inVain = 0
  #left: number | undefined
  #restoreMs: number | undefined
  #connectMs: number | undefined
  #last: CauseId | undefined

  constructor(task: RecoveryTask, lanes: Lanes, settings: JobSettings) {
    this.#task = task
    this.#lanes = lanes
    this.#settings = settings
    this.result = this.#run()
  }

  /** Nobody waits for it any more, and it is about to end. */
  get givenUp(): boolean {
    return this.#ending.signal.aborted
  }

  /** Resolves with the result, or when `signal` aborts; the job itself ends with its last listener. */
  async wait(listener: Listener, signal: AbortSignal): Promise<RecoveryResult> {
    this.#listeners.add(listener)
    const gone = Promise.withResolvers<RecoveryResult>()
    const onAbort = (): void => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#ending.abort(signal.reason)
      else gone.resolve(this.#told(this.#givenUp(signal.reason)))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    try {
      return await Promise.race([this.result, gone.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#listeners.delete(listener)
    }
  }

  async #run(): Promise<RecoveryResult> {
    // Whoever asked listens before anything happens.
    await Promise.resolve()
    const result = this.#told(await this.#settle())
    this.#task.end?.(result)
    return result
  }

  async #settle(): Promise<AttemptOutcome> {
    const { signal } = this.#ending
    const { sessionId } = this.#task
    try {
      const standing = this.#task.standing()
      if (typeof standing === 'object') return standing
      this.#task.begin?.()
      for (let failures = 0; ;) {
        const outcome = await this.#attempt()
        if (signal.aborted && outcome.kind === 'failed') return this.#givenUp(signal.reason)
        this.#last = outcome.result.cause
        this.#inVain++
        const paused = this.#pauseOf(outcome.result.cause) !== undefined
        const next = afterOutcome(outcome, { failures, paused }, this.#settings, Math.random())
        if (next.kind === 'settle') return outcome
        const { delayMs, counted } = next
        if (!counted) continue
        failures++
        const detail = outcome.result.detail ?? ''
        this.#emit({ type: 'retry', sessionId, attempt: this.#attempts, delayMs, detail })
        this.#task.waits?.(Date.now() + delayMs)
        await sleep(delayMs, undefined, { signal })
        this.#task.waits?.(undefined)
      }
    } catch (thrown) {
      if (signal.aborted) return this.#givenUp(signal.reason)
      return failed('internal', toGatewayError(thrown).message)
    }
  }

  async #attempt(): Promise<AttemptOutcome> {
    const standing = this.#task.standing()
    if (typeof standing === 'object') return standing
    if (standing === 'connect') return this.#connect(await this.#turn('logins'), 0)
    const turn = await this.#turn('restores')
    const began = performance.now()
    let why: CauseId | undefined = 'internal'
    let route: RecoveryRoute
    try {
      this.#leave()
      const restored = await this.#task.restore(this.#limited(this.#settings.timeoutMs))
      if (restored.kind !== 'ready') {
        why = restored.result.cause
        return restored
      }
      why = restored.unasked === true ? 'internal' : undefined
      ;({ route } = restored)
    } finally {
      turn.end(why)
    }
    this.#restoreMs = performance.now() - began
    const { sessionId } = this.#task
    this.#emit({ type: 'restored', sessionId, route, ms: this.#restoreMs })
    this.#lanes.ahead.add()
    const login = await this.#turn('logins').finally(() => this.#lanes.ahead.remove())
    return this.#connect(login, this.#restoreMs)
  }

  async #connect(turn: { end(why: CauseId | undefined): void }, spentMs: number) {
    const began = performance.now()
    let why: CauseId | undefined = 'internal'
    try {
      if (spentMs === 0) this.#leave()
      const left = Math.max(1, this.#settings.timeoutMs - spentMs)
      const outcome = await this.#task.connect(this.#limited(left))
      why = outcome.kind === 'recovered' ? undefined : (outcome.result.cause ?? 'internal')
      return outcome
    } finally {
      turn.end(why)
      this.#connectMs = performance.now() - began
    }
  }

  #turn(lane: 'restores' | 'logins') {
    const { sessionId } = this.#task
    const { weight, group } = this.#settings
    return this.#lanes[lane].enter({
      sessionId,
      tries: this.#inVain,
      weight,
      ...(lane === 'logins' && group !== undefined && { group }),
      signal: this.#ending.signal,
    })
  }

  /** An attempt leaves the queue. */
  #leave(): void {
    this.#left ??= performance.now()
    this.#attempts++
    const { sessionId } = this.#task
    this.#emit({ type: 'attempt', sessionId, attempt: this.#attempts })
  }

  #limited(ms: number): AbortSignal {
    return AbortSignal.any([this.#ending.signal, AbortSignal.timeout(Math.ceil(ms))])
  }

  #pauseOf(why: CauseId | undefined): Pause | undefined {
    const outage = why && cause(why).outage
    if (outage === undefined) return undefined
    return (outage === 'store' ? this.#lanes.restores : this.#lanes.logins).paused
  }

  #givenUp(reason: unknown): AttemptOutcome {
    if (!(reason instanceof Error && reason.name === 'TimeoutError'))
      return { kind: 'skipped', result: { cause: 'cancelled', detail: CAUSES.cancelled.words } }
    const pause = this.#lanes.logins.paused ?? this.#lanes.restores.paused
    const why = pause?.cause ?? this.#last ?? 'timeout'
    return failed(why, `not online when the recovery had to end: ${CAUSES[why].words}`)
  }

  #told(outcome: AttemptOutcome): RecoveryResult {
    const now = performance.now()
    const durations: RecoveryResult['durations'] = { total: now - (this.#left ?? now) }
    if (this.#left !== undefined) durations.queue = this.#left - this.#began
    if (this.#restoreMs !== undefined) durations.restore = this.#restoreMs
    if (this.#connectMs !== undefined) durations.connect = this.#connectMs
    const { sessionId } = this.#task
    const attempts = Math.max(1, this.#attempts)
    return { sessionId, outcome: outcome.kind, attempts, durations, ...outcome.result }
  }

  #emit(event: RecoveryEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}

function failed(why: CauseId, detail: string): AttemptOutcome {
  return { kind: 'failed', retryable: CAUSES[why].retryable, result: { cause: why, detail } }
}
