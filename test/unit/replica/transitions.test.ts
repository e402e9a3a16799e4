import { describe, expect, it } from 'vitest'
import { encodeOwner, type OwnerRecord } from '../../../src/replica/owner.ts'
import { plainSealer } from '../../../src/replica/sealer.ts'
import {
  claimOwner,
  foldOwner,
  GENESIS,
  releaseOwner,
  removeOwner,
  seizeOwner,
} from '../../../src/replica/transitions.ts'
import { BOOT, hashOf, OTHER_BOOT, recordOf, refOf, STAMP } from './fixtures.ts'

const NEXT = { epoch: 4, worker: 'w2', boot: OTHER_BOOT }
const HELD = { epoch: 3, boot: BOOT }
const STOPPED = expect.objectContaining({ code: 'internal' })

function claimed(previous: OwnerRecord | undefined, base: Parameters<typeof claimOwner>[3]) {
  return claimOwner('shop', previous, NEXT, base, [], STAMP)
}

describe('claim', () => {
  it('goes on warm: what is stored stays as it is, the branch is noted where local state ends', () => {
    const next = claimed(recordOf(), { from: 'warm', end: { seq: 14, hash: hashOf(14) } })
    expect(next).toMatchObject({ ...NEXT, ...STAMP, seq: 10, snapshot: refOf(10), released: false })
    expect(next.history[0]).toEqual({ epoch: 3, endSeq: 14, hash: hashOf(14) })
  })

  it('goes on from the snapshot', () => {
    const next = claimed(recordOf({ released: true }), { from: 'restore' })
    expect(next).toMatchObject({ ...NEXT, seq: 10, snapshot: refOf(10), released: false })
    expect(next.history[0]).toEqual({ epoch: 3, endSeq: 10, hash: hashOf(10) })
  })

  it('begins anew: the snapshot becomes a backup, epoch and seq go on', () => {
    const next = claimed(recordOf(), { from: 'new' })
    expect(next).toMatchObject({ epoch: 4, seq: 10, hash: hashOf(10), snapshot: null })
    expect(next.kept.map(({ seq }) => seq)).toEqual([10, 7])
  })

  it('begins where there was nothing', () => {
    expect(claimed(undefined, { from: 'new' })).toMatchObject({ seq: 0, hash: GENESIS, kept: [] })
    const end = { seq: 5, hash: hashOf(5) }
    expect(claimed(undefined, { from: 'warm', end })).toMatchObject({ ...end, snapshot: null })
  })

  it.each<[string, () => unknown]>([
    ['at the same epoch', () => claimed(recordOf({ epoch: 4 }), { from: 'new' })],
    ['from nothing', () => claimed(undefined, { from: 'restore' })],
    ['from a snapshot behind the end', () => claimed(recordOf({ seq: 11 }), { from: 'restore' })],
    [
      'from local state behind the end',
      () => claimed(recordOf(), { from: 'warm', end: { seq: 9, hash: hashOf(9) } }),
    ],
    ['of a tombstone', () => claimed(recordOf({ removed: true }), { from: 'restore' })],
  ])('is stopped %s', (_, claim) => {
    expect(claim).toThrow(STOPPED)
  })

  it('keeps of the history what kept snapshots need and the last few', () => {
    let record = recordOf({ history: [], kept: [refOf(7, { epoch: 2 })] })
    record = { ...record, history: [{ epoch: 2, endSeq: 8, hash: hashOf(8) }] }
    for (let epoch = 4; epoch < 60; epoch++)
      record = claimOwner('shop', record, { ...NEXT, epoch }, { from: 'restore' }, [], STAMP)
    expect(record.history.map(({ epoch }) => epoch)).toContain(2)
    expect(record.history.length).toBe(18)
    expect(encodeOwner(record, plainSealer).length).toBeGreaterThan(0)
  })
})

describe('fold, release, seize, remove', () => {
  const snapshots = { snapshot: refOf(12), kept: [refOf(10)] }

  it('fold names the new snapshot and its end', () => {
    expect(foldOwner(recordOf(), HELD, snapshots, STAMP)).toMatchObject({
      ...snapshots,
      seq: 12,
      hash: hashOf(12),
      released: false,
      ...STAMP,
    })
  })

  it('release keeps the end even where nothing was stored', () => {
    const end = { seq: 15, hash: hashOf(15) }
    const next = releaseOwner(recordOf(), HELD, end, undefined, STAMP)
    expect(next).toMatchObject({ ...end, released: true, snapshot: refOf(10) })
  })

  it('seize takes the next epoch and nothing else', () => {
    const { epoch, boot, worker, released, ...rest } = seizeOwner(recordOf(), NEXT, STAMP)
    expect({ epoch, boot, worker, released }).toEqual({ ...NEXT, released: false })
    expect(rest).toMatchObject({ snapshot: refOf(10), seq: 10, kept: recordOf().kept })
  })

  it('remove leaves epoch and seq', () => {
    const next = removeOwner(recordOf(), NEXT, STAMP)
    expect(next).toMatchObject({ seq: 10, released: true, removed: true, kept: [], snapshot: null })
    expect(encodeOwner(next, plainSealer).length).toBeGreaterThan(0)
  })

  it.each<[string, () => unknown]>([
    ['fold by another boot', () => fold({ ...HELD, boot: OTHER_BOOT })],
    ['fold at another epoch', () => fold({ ...HELD, epoch: 4 })],
    ['fold after release', () => fold(HELD, recordOf({ released: true }))],
    ['fold that goes back', () => fold(HELD, recordOf({ seq: 13, hash: hashOf(13) }))],
    ['release that goes back', () => release(9)],
    ['release by another', () => release(12, { ...HELD, boot: OTHER_BOOT })],
    ['seize at the same epoch', () => seizeOwner(recordOf({ epoch: 4 }), NEXT, STAMP)],
    ['seize of a tombstone', () => seizeOwner(recordOf({ removed: true }), NEXT, STAMP)],
  ])('stops a %s', (_, act) => {
    expect(act).toThrow(STOPPED)
  })

  function fold(holder: typeof HELD, record = recordOf()): unknown {
    return foldOwner(record, holder, snapshots, STAMP)
  }

  function release(seq: number, holder = HELD): unknown {
    return releaseOwner(recordOf(), holder, { seq, hash: hashOf(seq) }, undefined, STAMP)
  }
})
