import { describe, expect, it } from 'vitest'
import { encodeOwner, type OwnerRecord } from '../../../src/replica/owner.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import {
  advanceOwner,
  claimOwner,
  foldOwner,
  GENESIS,
  releaseOwner,
  removeOwner,
  rewindOwner,
  seizeOwner,
} from '../../../src/replica/transitions.ts'
import { BOOT, hashOf, OTHER_BOOT, recordOf, refOf, STAMP } from './fixtures.ts'

const NEXT = { epoch: 4, worker: 'w2', boot: OTHER_BOOT }
const HELD = { epoch: 3, boot: BOOT }
const OTHER = { ...HELD, boot: OTHER_BOOT }
const OPEN = { worker: 'w2', boot: OTHER_BOOT, from: 5, to: null }
const EARLIER = { worker: 'w1', boot: BOOT, from: 2, to: 7 }
const RANGES = { closed: [EARLIER], open: OPEN }
const AT_10 = { from: 'stored', end: { seq: 10, hash: hashOf(10) } } as const
const STOPPED = expect.objectContaining({ code: 'internal' })

function claimed(previous: OwnerRecord | undefined, base: Parameters<typeof claimOwner>[3]) {
  return claimOwner('shop', previous, NEXT, base, RANGES, STAMP)
}

describe('claim', () => {
  it('goes on from what is stored: the log and its end, the branch noted there', () => {
    const next = claimed(recordOf(), { from: 'stored', end: { seq: 14, hash: hashOf(14) } })
    expect(next).toMatchObject({ ...NEXT, ...STAMP, seq: 14, snapshot: refOf(10), released: false })
    expect(next.ranges).toEqual([EARLIER, OPEN])
    expect(next.origin).toEqual(recordOf().origin)
    expect(next.history[0]).toEqual({ epoch: 3, endSeq: 14, hash: hashOf(14) })
  })

  it('begins anew: the snapshot becomes a backup, epoch and seq go on', () => {
    const next = claimed(recordOf(), { from: 'new' })
    expect(next).toMatchObject({ epoch: 4, seq: 10, hash: hashOf(10), snapshot: null })
    expect(next.kept.map(({ seq }) => seq)).toEqual([10, 7])
    expect(next.ranges).toEqual([OPEN])
    expect(next.origin).toEqual({
      epoch: 4,
      seq: 10,
      hash: hashOf(10),
      at: STAMP.at,
      position: 5,
      fresh: true,
    })
  })

  it('begins where there was nothing', () => {
    expect(claimed(undefined, { from: 'new' })).toMatchObject({ seq: 0, hash: GENESIS, kept: [] })
    expect(claimed(undefined, { from: 'new' }).origin).toMatchObject({ epoch: 4, seq: 0 })
    const end = { seq: 5, hash: hashOf(5) }
    const local = claimed(undefined, { from: 'local', end })
    expect(local).toMatchObject({ ...end, snapshot: null, origin: null })
  })

  it.each<[string, () => unknown]>([
    ['at the same epoch', () => claimed(recordOf({ epoch: 4 }), { from: 'new' })],
    ['from nothing', () => claimed(undefined, AT_10)],
    ['from state behind the end', () => claimed(recordOf({ seq: 11 }), AT_10)],
    [
      'over a record from local state alone',
      () => claimed(recordOf(), { from: 'local', end: { seq: 12, hash: hashOf(12) } }),
    ],
    ['of a tombstone', () => claimed(recordOf({ removed: true }), AT_10)],
  ])('is stopped %s', (_, claim) => {
    expect(claim).toThrow(STOPPED)
  })

  it('keeps of the history what kept snapshots need and the last few', () => {
    let record = recordOf({ history: [], kept: [refOf(7, { epoch: 2 })] })
    record = { ...record, history: [{ epoch: 2, endSeq: 8, hash: hashOf(8) }] }
    for (let epoch = 4; epoch < 60; epoch++)
      record = claimOwner('shop', record, { ...NEXT, epoch }, AT_10, RANGES, STAMP)
    expect(record.history.map(({ epoch }) => epoch)).toContain(2)
    expect(record.history.length).toBe(18)
    expect(encodeOwner(record, plainSealer).length).toBeGreaterThan(0)
  })
})

describe('fold, release, seize, remove', () => {
  const snapshots = { snapshot: refOf(12), kept: [refOf(10)] }

  it('fold names the new snapshot and its end', () => {
    expect(foldOwner(recordOf(), HELD, snapshots, 7, STAMP)).toMatchObject({
      ...snapshots,
      seq: 12,
      hash: hashOf(12),
      ranges: [{ worker: 'w1', boot: BOOT, from: 7, to: null }],
      released: false,
      ...STAMP,
    })
  })

  it('advance lets go of log that the snapshot covers', () => {
    const next = advanceOwner(recordOf(), HELD, 9, STAMP)
    expect(next.ranges).toEqual([{ worker: 'w1', boot: BOOT, from: 9, to: null }])
    expect(next).toMatchObject({ seq: 10, snapshot: refOf(10) })
  })

  it('rewind makes what was gone back to the whole history', () => {
    const next = rewindOwner(recordOf({ ranges: [EARLIER] }), HELD, snapshots, STAMP)
    expect(next).toMatchObject({ seq: 12, ranges: [], released: true })
    expect(next.snapshot).toEqual(refOf(12, { position: 5 }))
    expect(next.past).toEqual({ position: 0, ranges: [EARLIER] })
    expect(next.origin).toEqual({
      epoch: 3,
      seq: 12,
      hash: hashOf(12),
      at: 1_000,
      position: 5,
      fresh: false,
    })
  })

  it('release keeps the end even where nothing was stored', () => {
    const end = { seq: 15, hash: hashOf(15), changedAt: 1_500 }
    const open = { worker: 'w1', boot: BOOT, from: 7, to: null }
    const record = recordOf({ ranges: [EARLIER, open] })
    const next = releaseOwner(record, HELD, end, 9, undefined, STAMP)
    expect(next).toMatchObject({ ...end, released: true, snapshot: refOf(10) })
    expect(next.ranges).toEqual([EARLIER, { ...open, to: 9 }])
    expect(releaseOwner(record, HELD, end, 7, undefined, STAMP).ranges).toEqual([EARLIER])
  })

  it('seize takes the next epoch and nothing else', () => {
    const { epoch, boot, worker, released, ...rest } = seizeOwner(
      recordOf(),
      NEXT,
      [EARLIER],
      STAMP,
    )
    expect(rest.ranges).toEqual([EARLIER])
    expect({ epoch, boot, worker, released }).toEqual({ ...NEXT, released: false })
    expect(rest).toMatchObject({ snapshot: refOf(10), seq: 10, kept: recordOf().kept })
  })

  it('remove leaves epoch and seq', () => {
    const next = removeOwner(recordOf(), NEXT, STAMP)
    expect(next).toMatchObject({ seq: 10, released: true, removed: true, kept: [], snapshot: null })
    expect(encodeOwner(next, plainSealer).length).toBeGreaterThan(0)
  })

  it.each<[string, () => unknown]>([
    ['fold by another boot', () => fold(OTHER)],
    ['fold at another epoch', () => fold({ ...HELD, epoch: 4 })],
    ['fold after release', () => fold(HELD, recordOf({ released: true }))],
    ['fold that goes back', () => fold(HELD, recordOf({ seq: 13, hash: hashOf(13) }))],
    ['release that goes back', () => release(9)],
    ['release by another', () => release(12, OTHER)],
    ['advance by another', () => advanceOwner(recordOf(), OTHER, 9, STAMP)],
    ['rewind by another', () => rewindOwner(recordOf(), OTHER, snapshots, STAMP)],
    ['rewind in numbers', () => rewindOwner(recordOf({ seq: 12 }), HELD, snapshots, STAMP)],
    ['seize at the same epoch', () => seizeOwner(recordOf({ epoch: 4 }), NEXT, [], STAMP)],
    ['seize of a tombstone', () => seizeOwner(recordOf({ removed: true }), NEXT, [], STAMP)],
  ])('stops a %s', (_, act) => {
    expect(act).toThrow(STOPPED)
  })

  function fold(holder: typeof HELD, record = recordOf()): unknown {
    return foldOwner(record, holder, snapshots, 7, STAMP)
  }

  function release(seq: number, holder = HELD): unknown {
    return releaseOwner(
      recordOf(),
      holder,
      { seq, hash: hashOf(seq), changedAt: 1_500 },
      7,
      undefined,
      STAMP,
    )
  }
})
