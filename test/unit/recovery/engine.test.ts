import { expect, test } from 'vitest'
import { QueuedRecoveryEngine } from '../../../src/recovery/engine.ts'
import type { AttemptOutcome, RecoveryEvent, RestoreOutcome } from '../../../src/recovery/port.ts'
import { eventually } from '../../support/gateway.ts'
import {
  ENGINE_SETTINGS,
  failed,
  hanging,
  many,
  recovered,
  task,
} from '../../support/recovery-tasks.ts'

test('a passing failure is tried again until it succeeds, without another restore', async () => {
  const flaky = task('a', [failed(true), failed(true), recovered])
  const [result] = await new QueuedRecoveryEngine(ENGINE_SETTINGS).run([flaky], {})
  expect(result).toMatchObject({ sessionId: 'a', outcome: 'recovered', attempts: 3 })
  expect(flaky.restored).toBe(1)
  expect(flaky.told).toEqual(['begin', 'recovered'])
})

test('retries end at the maximum, and a final failure is not retried', async () => {
  const hopeless = task(
    'a',
    Array.from({ length: 9 }, () => failed(true)),
  )
  const terminal = task('b', [failed(false)])
  const results = await new QueuedRecoveryEngine(ENGINE_SETTINGS).run([hopeless, terminal], {})
  expect(hopeless.calls).toBe(4)
  expect(terminal.calls).toBe(1)
  expect(results.map((r) => [r.outcome, r.cause, r.attempts])).toEqual([
    ['failed', 'internal', 4],
    ['failed', 'internal', 1],
  ])
})

test('a run may have its own number of retries', async () => {
  const hopeless = task('a', [failed(true), failed(true)])
  await new QueuedRecoveryEngine(ENGINE_SETTINGS).run([hopeless], { maxRetries: 0 })
  expect(hopeless.calls).toBe(1)
})

async function mostAtOnce(limit: { concurrency?: number }): Promise<number> {
  let running = 0
  let most = 0
  const tasks = many(9, (id) =>
    task(id, [
      async () => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 20))
        running--
        return recovered
      },
    ]),
  )
  await new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, limit)
  return most
}

test('never more logins at a time than the concurrency allows, which a run may choose', async () => {
  expect(await mostAtOnce({})).toBe(2)
  expect(await mostAtOnce({ concurrency: 1 })).toBe(1)
  expect(await mostAtOnce({ concurrency: 5 })).toBe(5)
})

test('sessions are restored ahead of their logins', async () => {
  const release = Promise.withResolvers<AttemptOutcome>()
  const tasks = many(8, (id) => task(id, [() => release.promise]))
  const run = new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, {})
  await eventually('all to be restored', () =>
    tasks.every((one) => one.restored === 1) ? true : undefined,
  )
  expect(tasks.filter((one) => one.calls > 0)).toHaveLength(2)
  release.resolve(recovered)
  expect((await run).every((result) => result.outcome === 'recovered')).toBe(true)
})

test.each([
  ['activity', ['c', 'a', 'b']],
  ['name', ['a', 'b', 'c']],
] as const)('sessions take their turns by %s', async (order, expected) => {
  const order_: string[] = []
  const make = (id: string, lastActivity: number) =>
    task(
      id,
      [
        async () => {
          order_.push(id)
          return recovered
        },
      ],
      { lastActivity, standing: () => 'connect' },
    )
  // Whoever comes first takes the only slot, and the others wait meanwhile.
  const gate = Promise.withResolvers<AttemptOutcome>()
  const first = task('0', [() => gate.promise], { standing: () => 'connect' })
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, order, concurrency: 1 })
  const runs = [engine.run([first], {}), engine.run([make('b', 1), make('a', 2), make('c', 3)], {})]
  await new Promise((resolve) => setTimeout(resolve, 10))
  gate.resolve(recovered)
  await Promise.all(runs)
  expect(order_).toEqual(expected)
})

test('a session that waits for its next attempt holds no slot', async () => {
  const settings = { ...ENGINE_SETTINGS, concurrency: 1, retryDelayMs: 60_000 }
  const cancel = new AbortController()
  const run = new QueuedRecoveryEngine(settings).run(
    [task('slow', [failed(true)]), task('zeta', [])],
    {
      signal: cancel.signal,
      onEvent: (event) => {
        if (event.type === 'settled' && event.result.sessionId === 'zeta') cancel.abort()
      },
    },
  )
  const results = await run
  expect(results.map((r) => r.outcome)).toEqual(['skipped', 'recovered'])
  expect(results[0]?.cause).toBe('cancelled')
})

test('an attempt that hangs is aborted after the timeout', async () => {
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, timeoutMs: 20, maxRetries: 0 })
  const [result] = await engine.run([task('a', [hanging])], {})
  expect(result).toMatchObject({ outcome: 'failed', cause: 'timeout' })
})

test('a run ends at its deadline, with what is missing failed, and gives the sessions back', async () => {
  const tasks = [task('a'), task('b', [hanging]), task('c', [hanging]), task('d', [hanging])]
  const results = await new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, { deadlineMs: 200 })
  expect(results.map((r) => r.outcome)).toEqual(['recovered', 'failed', 'failed', 'failed'])
  expect(results.map((r) => r.cause)).toEqual([undefined, 'timeout', 'timeout', 'timeout'])
  expect(tasks.map((one) => one.told.at(-1))).toEqual(['recovered', 'failed', 'failed', 'failed'])
})

test('a deadline beyond what a timer can hold is none', async () => {
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const [result] = await engine.run([task('a')], { deadlineMs: 1e12 })
  expect(result).toMatchObject({ outcome: 'recovered' })
})

test('cancelling settles every session once and starts nothing more', async () => {
  const cancel = new AbortController()
  const tasks = many(20, (id, n) =>
    task(id, [
      async (signal) => {
        if (n === 1) cancel.abort()
        return signal.aborted ? failed(true) : recovered
      },
    ]),
  )
  const results = await new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, {
    signal: cancel.signal,
  })
  expect(results).toHaveLength(20)
  expect(results.filter((r) => r.outcome === 'skipped').length).toBeGreaterThanOrEqual(18)
  expect(tasks.reduce((sum, one) => sum + one.calls, 0)).toBeLessThanOrEqual(2)
})

test('a session that is online is left alone', async () => {
  const online = task('a', [], { standing: () => recovered })
  const events: RecoveryEvent[] = []
  const [result] = await new QueuedRecoveryEngine(ENGINE_SETTINGS).run([online], {
    onEvent: (event) => events.push(event),
  })
  expect(result?.outcome).toBe('recovered')
  expect(online.told).toEqual(['recovered'])
  expect(events.map((event) => event.type)).toEqual(['begin', 'settled', 'end'])
})

test('a second run joins a recovery under way, and one of two that is cancelled ends nothing', async () => {
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const gate = Promise.withResolvers<AttemptOutcome>()
  const first = task('a', [() => gate.promise])
  const second = task('a')
  const cancel = new AbortController()
  const one = engine.run([first], { signal: cancel.signal })
  await eventually('the login', () => (first.calls === 1 ? true : undefined))
  const two = engine.run([second], {})
  cancel.abort()
  expect(await one).toMatchObject([{ outcome: 'skipped', cause: 'cancelled' }])
  gate.resolve(recovered)
  expect(await two).toMatchObject([{ outcome: 'recovered' }])
  expect(second.calls).toBe(0)
  expect(first.told).toEqual(['begin', 'recovered'])
})

test('an insistent run begins anew where the one that it joined did not help', async () => {
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const gate = Promise.withResolvers<AttemptOutcome>()
  const first = task('a', [() => gate.promise])
  const one = engine.run([first], {})
  await eventually('the login', () => (first.calls === 1 ? true : undefined))
  const two = engine.run([task('a', [], { insistent: true })], {})
  gate.resolve(failed(false, 'owned-elsewhere'))
  expect(await one).toMatchObject([{ outcome: 'failed' }])
  expect(await two).toMatchObject([{ outcome: 'recovered' }])
})

test('a run right after a cancelled one does not inherit its end', async () => {
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const cancel = new AbortController()
  const first = task('a', [hanging])
  const one = engine.run([first], { signal: cancel.signal })
  await eventually('the login', () => (first.calls === 1 ? true : undefined))
  cancel.abort()
  const two = engine.run([task('a')], {})
  expect(await one).toMatchObject([{ outcome: 'skipped' }])
  expect(await two).toMatchObject([{ outcome: 'recovered' }])
})

test('while everybody fails alike all wait, no attempts are burnt, and all come back afterwards', async () => {
  let away = true
  const tasks = many(30, (id) =>
    task(
      id,
      Array.from(
        { length: 99 },
        () => async () => (away ? failed(true, 'unreachable') : recovered),
      ),
    ),
  )
  const events: RecoveryEvent[] = []
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, maxRetries: 1, retryDelayMs: 5 })
  const run = engine.run(tasks, { onEvent: (event) => events.push(event) })
  await eventually('a probe', () => events.find((event) => event.type === 'probe'))
  expect(engine.pauses()).toMatchObject([{ outage: 'whatsapp', cause: 'unreachable' }])
  expect(tasks.reduce((sum, one) => sum + one.calls, 0)).toBeLessThan(10)
  away = false
  const results = await run
  expect(results.every((result) => result.outcome === 'recovered')).toBe(true)
  expect(engine.pauses()).toEqual([])
  expect(events.filter(({ type }) => type === 'paused' || type === 'resumed')).toHaveLength(2)
})

test('a store that is away holds up the restores, not the logins of those that are restored', async () => {
  let away = true
  const restore = async (): Promise<RestoreOutcome> =>
    away ? failed(true, 'store-unavailable') : { kind: 'ready', route: 'cold' }
  const cold = many(10, (id) =>
    task(id, [], {
      standing() {
        return 'restore'
      },
      restore,
    }),
  )
  const warm = many(5, (id) => task(`warm-${id}`, [], { standing: () => 'connect' }))
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, maxRetries: 0 })
  const first = engine.run(cold, {})
  await eventually('the pause', () => engine.pauses()[0])
  const second = await engine.run(warm, {})
  expect(second.every((result) => result.outcome === 'recovered')).toBe(true)
  expect(engine.pauses()).toMatchObject([{ outage: 'store', cause: 'store-unavailable' }])
  away = false
  const outcomes = (await first).map((result) => result.outcome)
  // Those that failed before it was clear have used up their only attempt.
  expect(outcomes.filter((outcome) => outcome === 'recovered').length).toBeGreaterThanOrEqual(6)
})

test('changed settings hold for what waits already', async () => {
  const gates = ['a', 'b', 'c'].map(() => Promise.withResolvers<AttemptOutcome>())
  const tasks = gates.map(({ promise }, index) =>
    task(`s-${index}`, [() => promise], { standing: () => 'connect' }),
  )
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, concurrency: 1, loginRate: 1 })
  const run = engine.run(tasks, {})
  const started = () => tasks.filter(({ calls }) => calls > 0).length
  await eventually('the first login', () => started() === 1 || undefined)
  engine.change({ ...ENGINE_SETTINGS, concurrency: 3 })
  await eventually('the others', () => started() === 3 || undefined)
  for (const { resolve } of gates) resolve(recovered)
  expect((await run).map(({ outcome }) => outcome)).toEqual(gates.map(() => 'recovered'))
})
