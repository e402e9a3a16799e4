import { pino } from 'pino'
import { expect, test } from 'vitest'
import { RecordedEngine } from '../../../src/daemon/recorded-engine.ts'
import type { RecoveryEngine, RecoveryEvent, RecoveryTask } from '../../../src/recovery/port.ts'
import type { RecoveryRun, RecoveryRuns } from '../../../src/registry/port.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'

const task = (sessionId: string): RecoveryTask => ({
  sessionId,
  standing: () => 'restore',
  restore: async () => ({ kind: 'ready', route: 'warm' }),
  connect: async () => ({ kind: 'recovered', result: {} }),
})

/** Settles every task at once. */
const engine: RecoveryEngine = {
  run: async (tasks, { onEvent }) => {
    const results = tasks.map(({ sessionId }): RecoveryResult => {
      const durations = { total: 1 }
      return { sessionId, outcome: 'recovered', attempts: 1, durations }
    })
    results.forEach((result, n) =>
      onEvent?.({ type: 'settled', result, done: n + 1, total: tasks.length }),
    )
    return results
  },
}

class Runs implements RecoveryRuns {
  readonly begun: object[] = []
  readonly recorded: string[] = []
  readonly ended: number[] = []
  failing: 'begin' | 'record' | undefined

  async begin(run: Pick<RecoveryRun, 'trigger' | 'source' | 'startedAt' | 'total'>) {
    if (this.failing === 'begin') throw new Error('the disk is full')
    const { startedAt: _, ...rest } = run
    return this.begun.push(rest)
  }

  async record(_: number, results: readonly RecoveryResult[]) {
    if (this.failing === 'record') throw new Error('the disk is full')
    this.recorded.push(...results.map(({ sessionId }) => sessionId))
  }

  async end(id: number) {
    this.ended.push(id)
  }

  async prune() {}
  async interrupt() {}
  async list() {
    return []
  }
  async find() {
    return undefined
  }
}

function setUp() {
  const runs = new Runs()
  const logger = pino({ level: 'silent' })
  const recorded = new RecordedEngine({ engine, runs, source: () => 'cache', logger })
  return { runs, recorded }
}

const names = Array.from({ length: 120 }, (_, n) => `s${n}`)

test('a run is recorded with what began it, and every result once', async () => {
  const { runs, recorded } = setUp()
  const events: RecoveryEvent[] = []
  const results = await recorded.run(names.map(task), {
    trigger: 'start',
    onEvent: (event) => events.push(event),
  })
  expect(results).toHaveLength(120)
  expect(events).toHaveLength(120)
  expect(runs.begun).toEqual([{ trigger: 'start', source: 'cache', total: 120 }])
  expect(runs.recorded).toEqual(names)
  expect(runs.ended).toEqual([1])
})

test('only lists have a source, and nothing to recover is no run', async () => {
  const { runs, recorded } = setUp()
  await recorded.run([], { trigger: 'start' })
  await recorded.run([task('anna')], {})
  expect(runs.begun).toEqual([{ trigger: 'operator', total: 1 }])
})

test.each(['begin', 'record'] as const)(
  'a registry that fails to %s costs only the record',
  async (failing) => {
    const { runs, recorded } = setUp()
    runs.failing = failing
    expect(await recorded.run(names.map(task), { trigger: 'retry' })).toHaveLength(120)
    expect(runs.recorded).toEqual([])
    expect(runs.ended).toEqual([])
  },
)
