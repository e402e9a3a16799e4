import type { EngineSettings } from '../../src/recovery/engine.ts'
import type { AttemptOutcome, RecoveryTask, RestoreOutcome } from '../../src/recovery/port.ts'
import type { CauseId } from '../../src/session/cause.ts'

export const ENGINE_SETTINGS: EngineSettings = {
  concurrency: 2,
  restores: 4,
  loginRate: 1000,
  order: 'activity',
  timeoutMs: 10_000,
  maxRetries: 3,
  retryDelayMs: 1,
  deadlineMs: 600_000,
}

export const recovered: AttemptOutcome = { kind: 'recovered', result: { route: 'warm' } }
export const failed = (retryable: boolean, cause: CauseId = 'internal'): AttemptOutcome => ({
  kind: 'failed',
  retryable,
  result: { cause, detail: 'gone' },
})

export interface FakeTask extends RecoveryTask {
  /** Attempts to connect so far. */
  calls: number
  restored: number
  told: string[]
}

/** A task whose attempts to connect end as the list says, and well after its end. */
export function task(
  sessionId: string,
  connect: (AttemptOutcome | ((signal: AbortSignal) => Promise<AttemptOutcome>))[] = [],
  more: Partial<RecoveryTask> = {},
): FakeTask {
  return {
    sessionId,
    calls: 0,
    restored: 0,
    told: [],
    standing() {
      return this.restored === 0 ? 'restore' : 'connect'
    },
    async restore(): Promise<RestoreOutcome> {
      this.restored++
      return { kind: 'ready', route: 'warm' }
    },
    async connect(signal) {
      const outcome = connect[this.calls++] ?? recovered
      return typeof outcome === 'function' ? outcome(signal) : outcome
    },
    begin() {
      this.told.push('begin')
    },
    end({ outcome }) {
      this.told.push(outcome)
    },
    ...more,
  }
}

export const many = (count: number, make: (id: string, n: number) => FakeTask): FakeTask[] =>
  Array.from({ length: count }, (_, n) => make(`s${String(n).padStart(3, '0')}`, n))

/** Ends when its signal aborts, as the signal says. */
export const hanging = (signal: AbortSignal): Promise<AttemptOutcome> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      const late = (signal.reason as Error).name === 'TimeoutError'
      resolve(failed(true, late ? 'timeout' : 'cancelled'))
    })
  })
