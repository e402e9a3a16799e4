import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import { CAUSES } from '../session/cause.ts'
import type { RecoveryResult } from '../session/report.ts'
import type { AttemptOutcome, RecoveryEngine, RecoveryEvent, RecoveryTask } from './port.ts'

export interface EngineSettings {
  /** Attempts that run at the same time. */
  concurrency: number
  /** Milliseconds that one attempt may take (SESSION_RECOVERY_TIMEOUT). */
  timeoutMs: number
  /** Attempts after the first (SESSION_RECOVERY_MAX_RETRIES). */
  maxRetries: number
  /** Milliseconds between attempts, before jitter (SESSION_RECOVERY_RETRY_DELAY). */
  retryDelayMs: number
}

/** Half to all of the delay, so that sessions that failed together don't come back together. */
function jittered(delayMs: number): number {
  return Math.round(delayMs / 2 + (delayMs / 2) * Math.random())
}

/**
 * Runs recoveries with bounded concurrency. A session that waits for its next attempt holds no
 * slot. Every task ends in exactly one result; cancelling turns what has not ended into `skipped`.
 */
export class QueuedRecoveryEngine implements RecoveryEngine {
  readonly #settings: EngineSettings
  /** One queue for all runs, so that two of them don't double the load. */
  readonly #queue: PQueue

  constructor(settings: EngineSettings) {
    this.#settings = settings
    this.#queue = new PQueue({ concurrency: settings.concurrency })
  }

  async run(
    tasks: RecoveryTask[],
    options: { signal?: AbortSignal; onEvent?: (event: RecoveryEvent) => void },
  ): Promise<RecoveryResult[]> {
    const emit = options.onEvent ?? (() => undefined)
    const signal = options.signal ?? new AbortController().signal
    emit({ type: 'begin', total: tasks.length })
    let done = 0
    const results = await Promise.all(
      tasks.map(async (task) => {
        const result = await this.#recover(task, signal, emit)
        done++
        emit({ type: 'settled', result, done, total: tasks.length })
        return result
      }),
    )
    emit({ type: 'end', results })
    return results
  }

  async #recover(
    task: RecoveryTask,
    signal: AbortSignal,
    emit: (event: RecoveryEvent) => void,
  ): Promise<RecoveryResult> {
    const { sessionId } = task
    const { maxRetries, retryDelayMs } = this.#settings
    const durations: RecoveryResult['durations'] = { total: 0 }
    let began: number | undefined
    for (let attempt = 1; ; attempt++) {
      let outcome: AttemptOutcome
      try {
        outcome = await this.#queue.add(
          () => {
            began ??= performance.now()
            emit({ type: 'attempt', sessionId, attempt })
            return this.#attempt(task, attempt, signal)
          },
          { signal },
        )
      } catch (error) {
        if (!signal.aborted) throw error
        outcome = cancelled()
      }
      durations.total = began === undefined ? 0 : performance.now() - began
      if (outcome.kind === 'recovered') {
        if (outcome.restoreMs !== undefined) durations.restore = outcome.restoreMs
        if (outcome.connectMs !== undefined) durations.connect = outcome.connectMs
      }
      const again = outcome.kind === 'failed' && outcome.retryable && attempt <= maxRetries
      if (!again) {
        return { sessionId, outcome: outcome.kind, attempts: attempt, durations, ...outcome.result }
      }
      const delayMs = jittered(retryDelayMs)
      emit({ type: 'retry', sessionId, attempt, delayMs, detail: outcome.result.detail ?? '' })
      if (!(await waited(delayMs, signal))) {
        return {
          sessionId,
          outcome: 'skipped',
          attempts: attempt,
          durations,
          ...cancelled().result,
        }
      }
    }
  }

  async #attempt(
    task: RecoveryTask,
    attempt: number,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> {
    if (signal.aborted) return cancelled()
    const timeout = AbortSignal.timeout(this.#settings.timeoutMs)
    const outcome = await task.attempt(AbortSignal.any([signal, timeout]), attempt)
    return signal.aborted && outcome.kind === 'failed' ? cancelled() : outcome
  }
}

function cancelled(): Extract<AttemptOutcome, { kind: 'skipped' }> {
  return { kind: 'skipped', result: { cause: 'cancelled', detail: CAUSES.cancelled.words } }
}

/** False when the wait was cut short by the signal. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal })
    return true
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
