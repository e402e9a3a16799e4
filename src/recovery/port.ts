import type { RecoveryResult, RecoveryTrigger } from '../session/report.ts'

/** One session to recover; `attempt` is called again for each retry. */
export interface RecoveryTask {
  sessionId: string
  attempt(signal: AbortSignal, attempt: number): Promise<AttemptOutcome>
}

export type AttemptOutcome =
  | {
      kind: 'recovered'
      result: Omit<RecoveryResult, 'attempts' | 'durations' | 'outcome' | 'sessionId'>
      restoreMs?: number
      connectMs?: number
    }
  | {
      kind: 'skipped'
      result: Omit<RecoveryResult, 'attempts' | 'durations' | 'outcome' | 'sessionId'>
    }
  | {
      kind: 'failed'
      retryable: boolean
      result: Omit<RecoveryResult, 'attempts' | 'durations' | 'outcome' | 'sessionId'>
    }

export type RecoveryEvent =
  | { type: 'begin'; total: number }
  | { type: 'attempt'; sessionId: string; attempt: number }
  | { type: 'retry'; sessionId: string; attempt: number; delayMs: number; detail: string }
  | { type: 'settled'; result: RecoveryResult; done: number; total: number }
  | { type: 'end'; results: RecoveryResult[] }

/** Runs many recoveries: admission, timeout, retries. Never rejects for a session's failure. */
export interface RecoveryEngine {
  run(
    tasks: RecoveryTask[],
    options: {
      /** For the record of the run; `operator` unless given. */
      trigger?: RecoveryTrigger
      signal?: AbortSignal
      onEvent?: (event: RecoveryEvent) => void
    },
  ): Promise<RecoveryResult[]>
}
