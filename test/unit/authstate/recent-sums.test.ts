import * as fc from 'fast-check'
import { expect, test } from 'vitest'

import { RecentSums } from '../../../src/authstate/recent-sums.ts'

const writes = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.option(fc.nat())))

test('what it knows is the newest, and it knows at least the last written ones', () => {
  fc.assert(
    fc.property(writes, (all) => {
      const recent = new RecentSums(2)
      const truth = new Map<string, number | null>()
      const order: string[] = []
      for (const [key, sum] of all) {
        recent.set(key, sum)
        truth.set(key, sum)
        order.push(key)
        for (const [other, right] of truth) {
          const known = recent.get(other)
          expect([right, undefined]).toContain(known)
        }
        for (const last of order.slice(-2)) expect(recent.get(last)).toBe(truth.get(last))
      }
      const known = [...truth.keys()].filter((key) => recent.get(key) !== undefined)
      expect(known.length).toBeLessThanOrEqual(4)
    }),
  )
})

test('nothing is known of what was cleared', () => {
  const recent = new RecentSums()
  recent.set('a', 1)
  recent.clear()
  expect(recent.get('a')).toBeUndefined()
})
