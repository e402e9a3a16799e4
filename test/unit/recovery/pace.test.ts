import { array, assert, double, integer, property, record } from 'fast-check'
import { expect, test } from 'vitest'
import { nextStart, started, UNPACED } from '../../../src/recovery/pace.ts'

test('no second has more starts than the rate, whatever the clock and the jitter do', () => {
  const step = record({
    late: integer({ min: 0, max: 3_000 }),
    random: double({ min: 0, max: 0.999, noNaN: true }),
  })
  assert(
    property(integer({ min: 1, max: 50 }), array(step, { maxLength: 200 }), (rate, steps) => {
      let pace = UNPACED
      let now = 0
      const starts: number[] = []
      for (const { late, random } of steps) {
        // Mostly at once, sometimes after a stall.
        now = Math.max(now, nextStart(pace, rate)) + (late > 2_900 ? late : 0)
        pace = started(pace, rate, now, random)
        starts.push(now)
        expect(starts.filter((at) => at > now - 999.999).length).toBeLessThanOrEqual(rate)
      }
    }),
  )
})

test('over time as many start as the rate allows, also where every timer is late', () => {
  for (const late of [0, 5, 30]) {
    let pace = UNPACED
    let now = 0
    let count = 0
    while (now < 20_000) {
      while (nextStart(pace, 100) <= now) {
        pace = started(pace, 100, now, (count++ * 0.618) % 1)
      }
      now = Math.max(nextStart(pace, 100), now + 1) + late
    }
    expect(count).toBeGreaterThan(1_800)
  }
})
