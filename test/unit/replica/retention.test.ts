import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SnapshotRef } from '../../../src/replica/owner.ts'
import { backupId } from '../../../src/replica/names.ts'
import {
  DEFAULT_RETENTION,
  isStricter,
  type RetentionPolicy,
} from '../../../src/replica/retention/policy.ts'
import { retain, type RetentionFacts } from '../../../src/replica/retention/retain.ts'
import { refOf } from './fixtures.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 1_000 * DAY
const NOTHING: RetentionPolicy = { keepLast: 0, keepHourly: 0, keepDaily: 0, keepWithin: 0 }

/** Newest first, each so many hours old. */
function aged(...hours: number[]): SnapshotRef[] {
  return hours.map((age, i) => refOf(1_000 - i, { createdAt: NOW - age * HOUR }))
}

function judge(
  refs: SnapshotRef[],
  policy: Partial<RetentionPolicy>,
  facts: Partial<RetentionFacts> = {},
) {
  return retain(refs, { ...NOTHING, ...policy }, { now: NOW, ...facts })
}

/** The ages, in hours, of those that stay. */
function kept(...args: Parameters<typeof judge>): number[] {
  return judge(...args).kept.map(({ ref }) => (NOW - ref.createdAt) / HOUR)
}

function ids(refs: SnapshotRef[], ...indexes: number[]): Set<string> {
  return new Set(refs.filter((_, i) => indexes.includes(i)).map(backupId))
}

describe('retention', () => {
  it('keeps the newest whatever the policy is, and says so', () => {
    const { kept: stays, dropped } = judge(aged(5_000, 6_000), {})
    expect(stays).toMatchObject([{ ref: { seq: 1_000 }, reasons: ['newest'] }])
    expect(dropped).toMatchObject([{ ref: { seq: 999 }, reasons: ['no rule keeps it'] }])
  })

  it('keeps the last ones, however old', () => {
    expect(kept(aged(500, 600, 700, 800), { keepLast: 3 })).toEqual([500, 600, 700])
  })

  it('keeps the newest of each hour, counted from now', () => {
    const refs = aged(0.1, 0.2, 0.3, 0.4, 1.5, 1.6, 2.5, 71.5, 71.9, 72, 73)
    expect(kept(refs, { keepHourly: 72 })).toEqual([0.1, 1.5, 2.5, 71.5])
    expect(kept(aged(100, 101), { keepHourly: 72 })).toEqual([100])
  })

  it('keeps the newest of each day, counted from now', () => {
    const refs = aged(1, 2, 25, 26, 49, 167, 169)
    expect(kept(refs, { keepDaily: 7 })).toEqual([1, 25, 49, 167])
  })

  it('keeps everything that is younger than the given time', () => {
    expect(kept(aged(1, 1.1, 1.2, 35.9, 36, 40), { keepWithin: 36 * HOUR })).toEqual([
      1, 1.1, 1.2, 35.9,
    ])
  })

  it('names every rule that keeps one', () => {
    const [ref] = aged(1)
    const refs = [{ ...ref, trigger: 'manual', name: 'before the move' } as SnapshotRef]
    const policy = { keepLast: 1, keepHourly: 1.5, keepDaily: 1, keepWithin: 36 * HOUR }
    expect(judge(refs, policy).kept[0]?.reasons).toEqual([
      'newest',
      'named before the move',
      'made by hand',
      'last',
      'hourly',
      'daily',
      'within 1d12h',
    ])
  })

  it('keeps an older one that is sound where the newest are damaged', () => {
    const refs = aged(1, 2, 3, 4)
    const { kept: stays } = judge(refs, {}, { damaged: ids(refs, 0, 1) })
    expect(stays.map(({ ref, reasons }) => [ref.seq, reasons])).toEqual([
      [1_000, ['newest']],
      [998, ['newest that is sound']],
    ])
  })

  it('keeps what the moments of the window are told from', () => {
    const refs = aged(1, 100, 200)
    expect(kept(refs, {}, { needed: ids(refs, 2) })).toEqual([1, 200])
  })

  it.each(['manual', 'before-restore'] as const)('keeps the newest 20 made as %s', (trigger) => {
    const refs = aged(0, ...Array.from({ length: 30 }, (_, i) => 100 + i))
    const asked = refs.map((ref, i) => (i === 0 ? ref : { ...ref, trigger }))
    expect(kept(asked, {})).toEqual([0, ...Array.from({ length: 20 }, (_, i) => 100 + i)])
    const old = aged(0, 29 * 24, 31 * 24).map((ref) => ({ ...ref, trigger }))
    expect(kept(old, {})).toEqual([0, 29 * 24])
  })

  it('keeps a named one until its name is dropped', () => {
    const refs = aged(1, 5_000, 6_000, 7_000).map((ref, i) => ({ ...ref, name: `n${i % 2}` }))
    expect(kept(refs, {})).toEqual([1, 5_000, 6_000, 7_000])
    const dropNamed = new Set(['n0'])
    const { kept: stays, dropped } = judge(refs, { keepLast: 4 }, { dropNamed })
    expect(stays.map(({ ref }) => ref.seq)).toEqual([1_000, 999, 997])
    expect(dropped).toMatchObject([{ ref: { seq: 998 }, reasons: ['named n0'] }])
    expect(kept(refs, {}, { dropNamed, needed: ids(refs, 2) })).toEqual([1, 5_000, 6_000, 7_000])
  })
})

const policies: fc.Arbitrary<RetentionPolicy> = fc.record({
  keepLast: fc.nat(5),
  keepHourly: fc.nat(100),
  keepDaily: fc.nat(10),
  keepWithin: fc.nat(100).map((hours) => hours * HOUR),
})
const histories = fc
  .array(
    fc.record({
      age: fc.integer({ min: -2, max: 1_000 }),
      trigger: fc.constantFrom('manual' as const, 'interval' as const, 'before-restore' as const),
      name: fc.constantFrom(undefined, undefined, 'x', 'y'),
      damaged: fc.boolean(),
      needed: fc.boolean(),
    }),
    { maxLength: 150 },
  )
  .map((list) => list.toSorted((a, b) => a.age - b.age))
  .map((list) => {
    const refs = aged(...list.map(({ age }) => age)).map((ref, i): SnapshotRef => {
      const { trigger = 'interval', name } = list[i] ?? {}
      return { ...ref, trigger, ...(name !== undefined && { name }) }
    })
    const chosen = (key: 'damaged' | 'needed') => refs.filter((_, i) => list[i]?.[key])
    const set = (key: 'damaged' | 'needed') => new Set(chosen(key).map(backupId))
    return { refs, facts: { now: NOW, damaged: set('damaged'), needed: set('needed') } }
  })

describe('for any history and policy', () => {
  it('each snapshot stays or goes, in order, with a reason', () => {
    fc.assert(
      fc.property(histories, policies, ({ refs, facts }, policy) => {
        const { kept: stays, dropped } = retain(refs, policy, facts)
        const all = [...stays, ...dropped]
        expect(all.map(({ ref }) => ref).toSorted((a, b) => b.seq - a.seq)).toEqual(refs)
        for (const { reasons } of all) expect(reasons.length).toBeGreaterThan(0)
        const list = stays.map(({ ref }) => ref)
        expect(refs.filter((ref) => list.includes(ref))).toEqual(list)
      }),
    )
  })

  it('the newest, the newest sound one, the named and the needed stay', () => {
    fc.assert(
      fc.property(histories, policies, ({ refs, facts }, policy) => {
        const stays = retain(refs, policy, facts).kept.map(({ ref }) => ref)
        const sound = refs.find((ref) => !facts.damaged.has(backupId(ref)))
        expect(stays[0]).toEqual(refs[0])
        const wanted = refs.filter(
          (ref) => ref === sound || ref.name !== undefined || facts.needed.has(backupId(ref)),
        )
        expect(stays).toEqual(expect.arrayContaining(wanted))
      }),
    )
  })

  it('a second look drops nothing more, and a later one only what is older', () => {
    fc.assert(
      fc.property(histories, policies, fc.nat(200), ({ refs, facts }, policy, hours) => {
        const once = retain(refs, policy, facts).kept.map(({ ref }) => ref)
        expect(retain(once, policy, facts).dropped).toEqual([])
        const later = { ...facts, now: NOW + hours * HOUR }
        const straight = retain(refs, policy, later).kept.map(({ ref }) => ref.seq)
        const inSteps = retain(once, policy, later).kept.map(({ ref }) => ref.seq)
        expect(inSteps).toEqual(expect.arrayContaining(straight))
      }),
    )
  })

  it('nothing but what must, was asked for or is among the last stays beyond every window', () => {
    fc.assert(
      fc.property(histories, policies, ({ refs, facts }, policy) => {
        const { keepLast, keepHourly, keepDaily, keepWithin } = policy
        const window = Math.max(keepHourly * HOUR, keepDaily * DAY, keepWithin)
        const old = retain(refs, policy, facts).kept.filter(
          ({ ref, reasons }) =>
            NOW - ref.createdAt >= window &&
            !reasons.some((why) => /newest|named|point in time|hand|restore/.test(why)),
        )
        expect(old.length).toBeLessThanOrEqual(keepLast)
      }),
    )
  })

  it('a policy that is not stricter drops nothing that the other keeps', () => {
    fc.assert(
      fc.property(histories, policies, policies, ({ refs, facts }, one, other) => {
        fc.pre(!isStricter(one, other))
        const stays = retain(refs, one, facts).kept.map(({ ref }) => ref)
        const wanted = retain(refs, other, facts).kept.map(({ ref }) => ref)
        expect(stays).toEqual(expect.arrayContaining(wanted))
      }),
    )
    expect(isStricter(DEFAULT_RETENTION, DEFAULT_RETENTION)).toBe(false)
    expect(isStricter(NOTHING, DEFAULT_RETENTION)).toBe(true)
  })
})
