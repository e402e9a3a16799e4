import { expect, test } from 'vitest'
import type { HealthCheck } from '../../../src/control/handlers.ts'
import { liveness, readiness, type HealthFacts } from '../../../src/daemon/health.ts'

const WELL: HealthFacts = {
  phase: 'running',
  writing: { committingMs: 0 },
  store: { healthy: true, detail: 'no off-host copy' },
  registry: undefined,
  socket: undefined,
  supervision: { roundMs: 0, limitMs: 660_000 },
}

const failed = (checks: HealthCheck[]) =>
  checks.filter(({ failure }) => failure !== undefined).map(({ name }) => name)

test('a worker that is well is alive and ready', () => {
  expect(failed(liveness(WELL))).toEqual([])
  expect(failed(readiness(WELL))).toEqual([])
})

const dead = new Error('the thread ended')
test.each<[string, Partial<HealthFacts>, string[], string[]]>([
  [
    'a dead writer',
    { writing: { committingMs: 0, failure: dead } },
    ['writer-thread'],
    ['writer-thread'],
  ],
  [
    'a disk that hangs',
    { writing: { committingMs: 61_000 } },
    ['writer-thread'],
    ['writer-thread'],
  ],
  [
    'retries that hang',
    { supervision: { roundMs: 660_000, limitMs: 660_000 } },
    ['supervision'],
    [],
  ],
  ['a slow disk', { writing: { committingMs: 5_000 } }, [], []],
  ['a store that is away', { store: { healthy: false, detail: 'away' } }, [], ['store']],
  ['a registry that fails', { registry: 'disk I/O error' }, [], ['registry']],
  ['a socket that was deleted', { socket: 'ENOENT' }, [], ['control-socket']],
  ['a start', { phase: 'starting' }, [], ['first-recovery']],
  ['a first recovery', { phase: 'recovering' }, [], ['first-recovery']],
  ['a stop', { phase: 'stopping' }, [], ['shutdown']],
])('%s', (_, change, notLive, notReady) => {
  const facts = { ...WELL, ...change }
  expect(failed(liveness(facts))).toEqual(notLive)
  expect(failed(readiness(facts))).toEqual(notReady)
})
