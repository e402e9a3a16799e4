import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { QueuedRecoveryEngine } from '../../../src/recovery/engine.ts'
import type { AttemptOutcome, RecoveryEvent, RestoreOutcome } from '../../../src/recovery/port.ts'
import { eventually } from '../../support/gateway.ts'
import { ENGINE_SETTINGS, failed, many, recovered, task } from '../../support/recovery-tasks.ts'

const READY: RestoreOutcome = { kind: 'ready', route: 'cold' }
/** Restores that begin at once and end together, when told. */
function heldRestores(count: number) {
  const gate = Promise.withResolvers<RestoreOutcome>()
  let begun = 0
  const tasks = many(count, (id) =>
    task(id, [], {
      standing: () => 'restore',
      restore: () => {
        begun++
        return gate.promise
      },
    }),
  )
  return { tasks, begun: () => begun, end: () => gate.resolve(READY) }
}

test('restores do not run far ahead of the logins', async () => {
  const logins = Promise.withResolvers<AttemptOutcome>()
  const tasks = many(80, (id) => task(id, [() => logins.promise]))
  const run = new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, {})
  const restored = () => tasks.filter((one) => one.restored > 0).length
  await eventually('40 to wait for their login', () => restored() >= 42 || undefined)
  for (let n = 0; n < 100; n++) await turn()
  expect(restored()).toBeLessThanOrEqual(42 + ENGINE_SETTINGS.restores)
  logins.resolve(recovered)
  expect((await run).every(({ outcome }) => outcome === 'recovered')).toBe(true)
})

test('more restores are allowed while some run', async () => {
  const { tasks, begun, end } = heldRestores(3)
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, restores: 1 })
  const run = engine.run(tasks, {})
  await eventually('the first', () => begun() === 1 || undefined)
  engine.change({ ...ENGINE_SETTINGS, restores: 3 })
  await eventually('the others', () => begun() === 3 || undefined)
  end()
  expect((await run).every(({ outcome }) => outcome === 'recovered')).toBe(true)
})

test('the concurrency of a run is one of logins, not of restores', async () => {
  const { tasks, begun, end } = heldRestores(4)
  const run = new QueuedRecoveryEngine(ENGINE_SETTINGS).run(tasks, { concurrency: 1 })
  await eventually('all four', () => begun() === 4 || undefined)
  end()
  expect((await run).every(({ outcome }) => outcome === 'recovered')).toBe(true)
})

test('a result has the time of each step that there was', async () => {
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const online = task('c', [], {
    standing: () => ({ kind: 'skipped', result: { cause: 'internal' } }),
  })
  const tasks = [task('a'), task('b', [], { standing: () => 'connect' }), online]
  const took = (await engine.run(tasks, {})).map(({ durations }) => durations)
  expect(took.map((steps) => Object.keys(steps).toSorted())).toEqual([
    ['connect', 'queue', 'restore', 'total'],
    ['connect', 'queue', 'total'],
    ['total'],
  ])
  expect(took[2]?.total).toBe(0)
})

test('a pause says since when, and how long it was; what never asked the store ends none', async () => {
  const from = Date.now()
  let store: 'away' | 'not asked' | 'back' = 'away'
  let pausedStill: boolean | undefined
  const restore = async (): Promise<RestoreOutcome> => {
    if (store === 'away') return failed(true, 'store-unavailable')
    if (store === 'back') {
      pausedStill ??= engine.pauses().length > 0
      return READY
    }
    store = 'back'
    return { ...READY, unasked: true }
  }
  const tasks = many(8, (id) => task(id, [], { standing: () => 'restore', restore }))
  const events: RecoveryEvent[] = []
  const engine = new QueuedRecoveryEngine(ENGINE_SETTINGS)
  const run = engine.run(tasks, { onEvent: (event) => events.push(event) })
  const [pause] = await eventually('the pause', () =>
    engine.pauses().length > 0 ? engine.pauses() : undefined,
  )
  expect(pause?.since).toBeGreaterThanOrEqual(from)
  expect(pause?.since).toBeLessThanOrEqual(Date.now())
  store = 'not asked'
  await run
  expect(pausedStill).toBe(true)
  const resumed = events.find((event) => event.type === 'resumed')
  expect(resumed?.pausedMs).toBeGreaterThanOrEqual(0)
  expect(resumed?.pausedMs).toBeLessThanOrEqual(Date.now() - from)
})

test('what failed while all were paused uses up none of the attempts of a session', async () => {
  let away = true
  const late = new Set<string>()
  const tasks = many(12, (id) => {
    const attempt = async () => (away || late.delete(id) ? failed(true, 'unreachable') : recovered)
    return task(
      id,
      Array.from({ length: 99 }, () => attempt),
    )
  })
  const engine = new QueuedRecoveryEngine({ ...ENGINE_SETTINGS, maxRetries: 1 })
  const run = engine.run(tasks, {})
  await eventually('the pause', () => engine.pauses()[0])
  const begun = new Set(tasks.filter(({ calls }) => calls > 0))
  const probed = () => tasks.find((one) => one.calls > 0 && !begun.has(one))
  const probe = await eventually('a probe', probed)
  // It fails once more, on its own, and has an attempt left.
  late.add(probe.sessionId)
  away = false
  expect((await run).map(({ outcome }) => outcome)).toEqual(tasks.map(() => 'recovered'))
  expect(late.size).toBe(0)
})
