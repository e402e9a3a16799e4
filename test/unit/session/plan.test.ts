import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  planRecovery,
  type LocalEvidence,
  type OwnerEvidence,
  type RecoveryEvidence,
} from '../../../src/session/plan.ts'

const ASSIGNED = { assigned: true, takeOver: false, create: false }
const CREATE = { ...ASSIGNED, create: true }
const LOCAL: LocalEvidence = {
  seq: 12,
  hash: 'h12',
  paired: true,
  tags: [{ epoch: 4, boot: 'mine' }],
  confirmedEpoch: 4,
  hashAtOwnerSeq: 'h10',
}
const STORED = { seq: 10, createdAt: 0 }
const OWNER: OwnerEvidence = {
  epoch: 4,
  worker: 'w1',
  boot: 'mine',
  at: 0,
  released: false,
  removed: false,
  mine: true,
  held: false,
  seq: 10,
  hash: 'h10',
  stored: STORED,
}
const THEIRS: OwnerEvidence = { ...OWNER, epoch: 5, worker: 'w2', boot: 'theirs', mine: false }

function plan(evidence: Partial<RecoveryEvidence>) {
  return planRecovery({ sessionId: 's', request: ASSIGNED, silence: 'unknown', ...evidence })
}

describe('who may', () => {
  it.each([
    ['released', { owner: { ...THEIRS, released: true } }],
    ['mine', { owner: OWNER }],
    ['silent and assigned', { owner: THEIRS, silence: 'silent' as const }],
    [
      'taken over, though alive',
      { owner: THEIRS, silence: 'alive' as const, request: { ...ASSIGNED, takeOver: true } },
    ],
  ])('%s: goes on', (_, evidence) => {
    expect(plan(evidence).kind).toBe('restore')
  })

  it('waits for silence where another owns it', () => {
    expect(plan({ owner: THEIRS })).toMatchObject({ kind: 'wait', worker: 'w2', boot: 'theirs' })
  })

  it.each([
    ['alive', { owner: THEIRS, silence: 'alive' as const }],
    [
      'not assigned',
      { owner: THEIRS, silence: 'silent' as const, request: { ...ASSIGNED, assigned: false } },
    ],
  ])('%s: refuses', (_, evidence) => {
    expect(plan(evidence)).toMatchObject({ kind: 'refuse', cause: 'owned-elsewhere' })
  })

  it('refuses a record below the epoch that was confirmed, even to an operator', () => {
    const request = { ...ASSIGNED, takeOver: true }
    const local = { ...LOCAL, confirmedEpoch: 5 }
    expect(plan({ owner: OWNER, local, request })).toMatchObject({ cause: 'store-older' })
  })
})

describe('which state', () => {
  it.each<[string, Partial<LocalEvidence>, Partial<OwnerEvidence>, string]>([
    ['its epoch and boot, beyond the end', {}, {}, 'connect'],
    ['held by this process', {}, { held: true }, 'nothing'],
    ['exactly the end', { seq: 10, hash: 'h10', tags: [] }, {}, 'connect'],
    ['the end by seq, another history', { seq: 10, hash: 'x10', tags: [] }, {}, 'restore'],
    ['its epoch, another boot', { tags: [{ epoch: 4, boot: 'x' }] }, {}, 'restore'],
    ['an earlier epoch', { tags: [{ epoch: 3, boot: 'mine' }] }, {}, 'restore'],
    ['a disk rolled back', { seq: 8 }, {}, 'restore'],
    ['unpaired', { paired: false }, {}, 'restore'],
    ['forked within the epoch', { hashAtOwnerSeq: 'other' }, {}, 'restore'],
    ['forked, hash no longer known', { hashAtOwnerSeq: undefined }, {}, 'restore'],
  ])('local state of %s', (_, local, owner, kind) => {
    const made = plan({ local: { ...LOCAL, ...local }, owner: { ...OWNER, ...owner } })
    expect(made.kind).toBe(kind)
  })

  it('takes untagged state for that of an own epoch of which nothing is stored yet', () => {
    const { stored: _, ...owner } = { ...OWNER, seq: 0 }
    const local = { ...LOCAL, tags: [] }
    expect(plan({ local, owner }).kind).toBe('connect')
    expect(plan({ local, owner: { ...owner, mine: false, released: true } })).toMatchObject({
      kind: 'refuse',
      cause: 'stale',
    })
  })

  it('quarantines what stands in the way of a restore, and says what may be lost', () => {
    const made = plan({ local: { ...LOCAL, tags: [] }, owner: THEIRS, silence: 'silent' })
    expect(made).toMatchObject({ kind: 'restore', epoch: 6, quarantine: true })
    expect(made).toHaveProperty('forfeited', expect.stringContaining('after seq 10'))
    const released = plan({ owner: { ...THEIRS, released: true } })
    expect(released).toMatchObject({ kind: 'restore', quarantine: false })
    expect(released).not.toHaveProperty('forfeited')
  })

  it('refuses a snapshot that is older than the end, or was found damaged', () => {
    const stale = { ...THEIRS, released: true, seq: 11, hash: 'h11' }
    expect(plan({ owner: stale })).toMatchObject({ kind: 'refuse', cause: 'stale' })
    const damaged = { ...OWNER, stored: { ...STORED, problem: 'object x' } }
    expect(plan({ owner: damaged })).toEqual({ kind: 'refuse', cause: 'damaged', why: 'object x' })
  })
})

describe('pairing', () => {
  const { stored: _, ...EMPTY } = OWNER
  const FRESH: LocalEvidence = { ...LOCAL, seq: 11, paired: false, tags: [] }

  it.each<[string, Partial<RecoveryEvidence>, string]>([
    ['nothing anywhere', {}, 'create'],
    ['fresh state, no record', { local: FRESH }, 'create'],
    ['fresh state over a stored one', { local: FRESH, owner: OWNER }, 'create'],
    ['nothing stored', { owner: EMPTY }, 'create'],
    ['removed', { owner: { ...EMPTY, removed: true, released: true } }, 'create'],
    ['a good stored state', { owner: OWNER }, 'restore'],
    ['leftovers beside a stored state', { local: { ...FRESH, seq: 3 }, owner: OWNER }, 'restore'],
    ['a good local state', { local: LOCAL, owner: OWNER }, 'connect'],
    ['a good local state, no record', { local: LOCAL }, 'connect'],
  ])('with %s', (_, evidence, kind) => {
    expect(plan({ ...evidence, request: CREATE }).kind).toBe(kind)
  })

  it.each<[string, Partial<RecoveryEvidence>, string]>([
    ['nothing anywhere', {}, 'no-state'],
    ['unpaired state, no record', { local: FRESH }, 'no-state'],
    ['unpaired state, nothing stored', { local: FRESH, owner: EMPTY }, 'no-state'],
    ['nothing stored', { owner: EMPTY }, 'no-state'],
    ['removed', { owner: { ...EMPTY, removed: true, released: true } }, 'no-state'],
  ])('is needed with %s', (_, evidence, cause) => {
    expect(plan(evidence)).toMatchObject({ kind: 'refuse', cause })
  })

  it('keeps fresh state, sets leftovers aside', () => {
    expect(plan({ local: FRESH, owner: OWNER, request: CREATE })).toMatchObject({
      quarantine: false,
    })
    const leftover = { ...FRESH, seq: 3 }
    expect(plan({ local: leftover, owner: EMPTY, request: CREATE })).toMatchObject({
      quarantine: true,
    })
  })
})

describe('a store without a record', () => {
  it('goes on from the disk at the next epoch, with a note where one was confirmed', () => {
    expect(plan({ local: LOCAL })).toMatchObject({ kind: 'connect', epoch: 5, notes: [/./] })
    const never = { ...LOCAL, confirmedEpoch: 0, tags: [] }
    expect(plan({ local: never })).toMatchObject({ kind: 'connect', epoch: 1, notes: [] })
  })

  it('is refused to a worker that the session is not assigned to', () => {
    const request = { ...ASSIGNED, assigned: false }
    expect(plan({ local: LOCAL, request })).toMatchObject({ kind: 'refuse', cause: 'stale' })
  })
})

const boots = fc.constantFrom('a', 'b', 'c')
const hashes = fc.constantFrom('x', 'y')
const small = fc.integer({ min: 0, max: 4 })
const evidence: fc.Arbitrary<RecoveryEvidence> = fc.record(
  {
    sessionId: fc.constant('s'),
    request: fc.record({ assigned: fc.boolean(), takeOver: fc.boolean(), create: fc.boolean() }),
    silence: fc.constantFrom('unknown' as const, 'silent' as const, 'alive' as const),
    local: fc.record({
      seq: small,
      hash: hashes,
      paired: fc.boolean(),
      tags: fc.array(fc.record({ epoch: fc.integer({ min: 1, max: 4 }), boot: boots })),
      confirmedEpoch: small,
      hashAtOwnerSeq: fc.option(hashes, { nil: undefined }),
    }),
    owner: fc
      .record({
        epoch: fc.integer({ min: 1, max: 4 }),
        boot: boots,
        released: fc.boolean(),
        removed: fc.boolean(),
        mine: fc.boolean(),
        held: fc.boolean(),
        seq: small,
        hash: hashes,
        stored: fc.option(small, { nil: undefined }),
      })
      .map(({ stored, ...owner }) => ({
        ...owner,
        worker: 'w',
        at: 0,
        ...(stored !== undefined && {
          stored: { seq: Math.min(stored, owner.seq), createdAt: 0 },
        }),
      })),
  },
  { requiredKeys: ['sessionId', 'request', 'silence'] },
)

type Rule = (evidence: RecoveryEvidence, made: ReturnType<typeof planRecovery>) => boolean

/** Evidence for which the plan breaks `rule`; null where none was found. */
function breaking(rule: Rule): unknown {
  const property = fc.property(evidence, (given) => rule(given, planRecovery(given)))
  return fc.check(property, { numRuns: 5_000 }).counterexample
}

describe('whatever the evidence', () => {
  it('mints only where a pairing was asked for', () => {
    const rule: Rule = ({ request }, made) => made.kind !== 'create' || request.create
    expect(breaking(rule)).toBeNull()
  })

  it('never pairs over paired local state without setting it aside', () => {
    const rule: Rule = ({ local, owner }, made) =>
      made.kind !== 'create' || local?.paired !== true || (made.quarantine && owner !== undefined)
    expect(breaking(rule)).toBeNull()
  })

  it('never restores what is not all that is known, nor older over newer', () => {
    const rule: Rule = ({ local, owner }, made) => {
      if (made.kind !== 'restore') return true
      const same = local?.tags.some((t) => t.epoch === owner?.epoch && t.boot === owner.boot)
      const reaches = local?.paired === true && same === true && local.seq >= (owner?.seq ?? 0)
      const newer = reaches && local.hashAtOwnerSeq === owner?.hash
      return owner?.stored?.seq === owner?.seq && !newer
    }
    expect(breaking(rule)).toBeNull()
  })

  it('never starts from local state that is older than what is stored', () => {
    const rule: Rule = ({ local, owner }, made) =>
      (made.kind !== 'connect' && made.kind !== 'nothing') ||
      (local?.paired === true && local.seq >= (owner?.seq ?? 0))
    expect(breaking(rule)).toBeNull()
  })

  it('takes nothing from a live owner unasked', () => {
    const rule: Rule = ({ owner, request, silence }, made) =>
      made.kind === 'refuse' ||
      made.kind === 'wait' ||
      owner === undefined ||
      owner.released ||
      owner.mine ||
      request.takeOver ||
      (request.assigned && silence === 'silent')
    expect(breaking(rule)).toBeNull()
  })

  it('raises the epoch by one, above all that was ever confirmed', () => {
    const rule: Rule = ({ local, owner }, made) =>
      !('epoch' in made) ||
      made.kind === 'nothing' ||
      (made.epoch > (local?.confirmedEpoch ?? 0) &&
        (owner === undefined || made.epoch === owner.epoch + 1))
    expect(breaking(rule)).toBeNull()
  })
})
