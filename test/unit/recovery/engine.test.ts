import { expect, test } from 'vitest'
import { QueuedRecoveryEngine, type EngineSettings } from '../../../src/recovery/engine.ts'
import type { AttemptOutcome, RecoveryEvent, RecoveryTask } from '../../../src/recovery/port.ts'

const SETTINGS: EngineSettings = {
  concurrency: 2,
  timeoutMs: 10_000,
  maxRetries: 3,
  retryDelayMs: 1,
}

const recovered: AttemptOutcome = { kind: 'recovered', result: { route: 'warm' } }
const failed = (retryable: boolean): AttemptOutcome => ({
  kind: 'failed',
  retryable,
  result: { cause: 'connection-lost', detail: 'gone' },
})

function task(sessionId: string, outcomes: AttemptOutcome[]): RecoveryTask & { calls: number } {
  return {
    sessionId,
    calls: 0,
    async attempt() {
      return outcomes[this.calls++] ?? recovered
    },
  }
}

test('a passing failure is tried again until it succeeds', async () => {
  const flaky = task('a', [failed(true), failed(true), recovered])
  const [result] = await new QueuedRecoveryEngine(SETTINGS).run([flaky], {})
  expect(result).toMatchObject({ sessionId: 'a', outcome: 'recovered', attempts: 3 })
})

test('retries end at the maximum, and a final failure is not retried', async () => {
  const hopeless = task(
    'a',
    Array.from({ length: 9 }, () => failed(true)),
  )
  const terminal = task('b', [failed(false)])
  const results = await new QueuedRecoveryEngine(SETTINGS).run([hopeless, terminal], {})
  expect(hopeless.calls).toBe(4)
  expect(terminal.calls).toBe(1)
  expect(results.map((r) => [r.outcome, r.cause, r.attempts])).toEqual([
    ['failed', 'connection-lost', 4],
    ['failed', 'connection-lost', 1],
  ])
})

test('never more attempts at a time than the concurrency allows', async () => {
  let running = 0
  let most = 0
  const tasks = Array.from({ length: 9 }, (_, i): RecoveryTask => ({
    sessionId: `s${i}`,
    async attempt() {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 5))
      running--
      return recovered
    },
  }))
  await new QueuedRecoveryEngine(SETTINGS).run(tasks, {})
  expect(most).toBe(2)
})

test('a session that waits for its next attempt holds no slot', async () => {
  const settings = { ...SETTINGS, concurrency: 1, retryDelayMs: 60_000 }
  const cancel = new AbortController()
  const events: RecoveryEvent[] = []
  const run = new QueuedRecoveryEngine(settings).run(
    [task('slow', [failed(true)]), task('b', [])],
    {
      signal: cancel.signal,
      onEvent: (event) => {
        events.push(event)
        if (event.type === 'settled' && event.result.sessionId === 'b') cancel.abort()
      },
    },
  )
  const results = await run
  expect(results.map((r) => r.outcome)).toEqual(['skipped', 'recovered'])
  expect(results[0]?.cause).toBe('cancelled')
})

test('an attempt that hangs is aborted after the timeout', async () => {
  const hanging: RecoveryTask = {
    sessionId: 'a',
    attempt: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          expect((signal.reason as Error).name).toBe('TimeoutError')
          resolve(failed(false))
        })
      }),
  }
  const [result] = await new QueuedRecoveryEngine({ ...SETTINGS, timeoutMs: 20 }).run([hanging], {})
  expect(result?.outcome).toBe('failed')
})

test('cancelling settles every session once and starts nothing more', async () => {
  const cancel = new AbortController()
  const tasks = Array.from({ length: 20 }, (_, i): RecoveryTask => ({
    sessionId: `s${i}`,
    async attempt(signal) {
      if (i === 1) cancel.abort()
      return signal.aborted ? failed(true) : recovered
    },
  }))
  const results = await new QueuedRecoveryEngine(SETTINGS).run(tasks, { signal: cancel.signal })
  expect(results).toHaveLength(20)
  expect(results.filter((r) => r.outcome === 'skipped').length).toBeGreaterThanOrEqual(18)
})
