import { expect, test } from 'vitest'
import { MetricsMeter } from '../../../src/backend/metrics.ts'

const COUNTS = { messageCount: 1, totalSessions: 2, activeSessions: 3 }

function meter() {
  const gauges = { ms: 0, cpuMs: 0, total: 1000, free: 250, seconds: 12.6 }
  const measured = new MetricsMeter({
    now: () => gauges.ms,
    cpu: () => gauges.cpuMs * 1000,
    memory: () => ({ total: gauges.total, free: gauges.free }),
    uptime: () => gauges.seconds,
  })
  return { gauges, measure: () => measured.measure(COUNTS) }
}

test('processor use is that since the measurement before', () => {
  const { gauges, measure } = meter()
  Object.assign(gauges, { ms: 1000, cpuMs: 250 })
  expect(measure()).toEqual({ cpuUsage: 25, memoryUsage: 75, uptime: 13, ...COUNTS })
  Object.assign(gauges, { ms: 2000, cpuMs: 260 })
  expect(measure().cpuUsage).toBe(1)
})

test.each([
  ['several busy cores', { ms: 1000, cpuMs: 3000 }, { cpuUsage: 100 }],
  ['no time between', { ms: 0, cpuMs: 5 }, { cpuUsage: 0 }],
  ['a third', { ms: 3000, cpuMs: 1000 }, { cpuUsage: 33.3 }],
  ['unknown memory', { total: 0, free: 0 }, { memoryUsage: 0 }],
])('%s stays within 0 to 100', (_, change, expected) => {
  const { gauges, measure } = meter()
  Object.assign(gauges, change)
  expect(measure()).toMatchObject(expected)
})

test('the real process gives numbers that the backend takes', () => {
  const metrics = new MetricsMeter().measure(COUNTS)
  for (const percent of [metrics.cpuUsage, metrics.memoryUsage]) {
    expect(percent).toBeGreaterThanOrEqual(0)
    expect(percent).toBeLessThanOrEqual(100)
  }
  expect(metrics.memoryUsage).toBeGreaterThan(0)
})
