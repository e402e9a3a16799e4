import { expect, test } from 'vitest'
import { Bus } from '../../../src/daemon/bus.ts'
import { advance, NO_RECOVERY } from '../../../src/daemon/state.ts'
import type { RecoveryEvent } from '../../../src/recovery/port.ts'
import type { RecoveryResult } from '../../../src/session/report.ts'

const settled = (outcome: RecoveryResult['outcome'], done: number): RecoveryEvent => ({
  type: 'settled',
  result: { sessionId: `s${done}`, outcome, attempts: 1, durations: { total: 1 } },
  done,
  total: 3,
})

test('progress counts what has settled and begins anew with each recovery', () => {
  const events: RecoveryEvent[] = [
    { type: 'begin', total: 3 },
    { type: 'attempt', sessionId: 's1', attempt: 1 },
    settled('recovered', 1),
    settled('failed', 2),
    settled('skipped', 3),
    { type: 'end', results: [] },
  ]
  const end = events.reduce(advance, NO_RECOVERY)
  expect(end).toEqual({ phase: 'done', total: 3, done: 3, recovered: 1, failed: 1, skipped: 1 })
  expect(advance(end, { type: 'begin', total: 5 })).toEqual({
    ...NO_RECOVERY,
    phase: 'running',
    total: 5,
  })
})

test('a listener that throws stops neither the others nor the sender', () => {
  const errors: unknown[] = []
  const bus = new Bus<number>((error) => errors.push(error))
  const heard: number[] = []
  bus.on(() => {
    throw new Error('broken')
  })
  const unsubscribe = bus.on((event) => heard.push(event))
  bus.emit(1)
  unsubscribe()
  bus.emit(2)
  expect(heard).toEqual([1])
  expect(errors).toHaveLength(2)
})
