import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SnapshotRef } from '../../../src/replica/owner.ts'
import { retain } from '../../../src/replica/retain.ts'
import { refOf } from './fixtures.ts'

const HOUR = 3_600_000
const NOW = 1_000 * HOUR

/** Newest first, each so many hours old. */
function aged(...hours: number[]): SnapshotRef[] {
  return hours.map((age, i) => refOf(1_000 - i, { createdAt: NOW - age * HOUR }))
}

function kept(refs: SnapshotRef[]): number[] {
  return retain(refs, NOW).map(({ createdAt }) => (NOW - createdAt) / HOUR)
}

describe('retention', () => {
  it('keeps the newest three, however old', () => {
    expect(kept(aged(500, 600, 700, 800))).toEqual([500, 600, 700])
  })

  it('keeps the newest of each hour, for 72 hours', () => {
    const refs = aged(0.1, 0.2, 0.3, 0.4, 1.5, 1.6, 2.5, 71.5, 71.9, 72, 73)
    expect(kept(refs)).toEqual([0.1, 0.2, 0.3, 1.5, 2.5, 71.5])
  })

  it.each(['manual', 'before-restore'] as const)('keeps the newest 20 made as %s', (trigger) => {
    const refs = aged(...Array.from({ length: 30 }, (_, i) => 100 + i))
    const asked = refs.map((ref) => ({ ...ref, trigger }))
    expect(kept(asked)).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i))
  })

  it('is bounded, keeps order, and keeps what it kept', () => {
    const ages = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 300 })
    const triggers = fc.constantFrom('manual' as const, 'interval' as const)
    fc.assert(
      fc.property(ages, fc.array(triggers, { minLength: 1 }), (hours, marks) => {
        const sorted = aged(...hours.toSorted((a, b) => a - b))
        const refs = sorted.map((ref, i) => ({
          ...ref,
          trigger: marks[i % marks.length] ?? 'interval',
        }))
        const once = retain(refs, NOW)
        expect(once.length).toBeLessThanOrEqual(3 + 73 + 20)
        expect(refs.filter((ref) => once.includes(ref))).toEqual(once)
        expect(retain(once, NOW)).toEqual(once)
      }),
    )
  })
})
