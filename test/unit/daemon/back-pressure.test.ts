import { pino } from 'pino'
import { expect, test } from 'vitest'
import { BackPressure, mustPause } from '../../../src/daemon/back-pressure.ts'
import type { SessionRunner } from '../../../src/whatsapp/runner.ts'

test.each([
  [false, 99, false],
  [false, 100, false],
  [false, 101, true],
  [true, 101, true],
  [true, 51, true],
  [true, 50, false],
  [true, 0, false],
])('paused %s, %i of 100 bytes: %s', (paused, bytes, expected) => {
  expect(mustPause(paused, bytes, 100)).toBe(expected)
})

test('every session stops reading above the limit, also one that comes later, until the end', async () => {
  const reading = new Map([['a', true]])
  const runner = (id: string) => ({
    pauseReading: () => reading.set(id, false),
    resumeReading: () => reading.set(id, true),
  })
  let bytes = 101
  const pressure = new BackPressure(
    {
      replica: { lag: () => ({ changes: 1, bytes, oldestMs: 0 }) },
      service: {
        roster: { all: () => Array.from(reading.keys(), runner) as unknown as SessionRunner[] },
      },
      logger: pino({ level: 'silent' }),
    },
    100,
  )
  pressure.look()
  reading.set('b', true)
  pressure.look()
  expect([...reading.values(), pressure.paused]).toEqual([false, false, true])
  bytes = 50
  pressure.look()
  expect([...reading.values(), pressure.paused]).toEqual([true, true, false])
  bytes = 101
  pressure.look()
  await pressure.stop()
  expect([...reading.values(), pressure.paused]).toEqual([true, true, false])
})
