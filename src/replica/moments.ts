import type { OwnerRecord, SnapshotRef } from './owner.ts'
import { cutBefore, startOfRanges } from './past.ts'

/**
 * Which moments of a session can be brought back. A moment is a base, which is a snapshot or the
 * nothing that a pairing began with, and the changes behind it in the log. A pairing and a going back
 * each begin a history of their own, and a base tells moments of its own history alone.
 */
export interface Base {
  /** The first moment that it tells, in milliseconds since the epoch. */
  since: number
  epoch: number
  seq: number
  hash: string
  /** Where the log after it begins (src/replica/past.ts). */
  position: number
  /** Undefined: nothing, on which a pairing follows. */
  snapshot?: SnapshotRef
}

/** What happened between two beginnings. */
interface History {
  /** What was shipped in earlier epochs does not belong to it. */
  epoch: number
  /** When it began. */
  at: number
  /** Those that still lead into the log, oldest first. */
  bases: Base[]
}

type Origin = NonNullable<OwnerRecord['origin']>
type Bases = Pick<OwnerRecord, 'snapshot' | 'kept' | 'origin' | 'origins' | 'past'>

/** For what began before the first origin that is known. */
const UNKNOWN = { epoch: 0, at: 0, fresh: false } as const

/** Oldest first. */
function historiesOf(record: Bases): History[] {
  const { snapshot, kept, past } = record
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  const begun = [UNKNOWN, ...originsOf(record).toReversed()]
  return begun.map((origin, index) => {
    const { epoch, at } = origin
    const end = begun[index + 1]?.epoch ?? Infinity
    const own = refs.filter((ref) => ref.epoch >= epoch && ref.epoch < end)
    const bases = own.map((ref) => ofSnapshot(ref, at))
    if (origin.fresh) bases.push(ofOrigin(origin))
    const leading = bases.filter(({ position }) => position >= past.position)
    return { epoch, at, bases: leading.toSorted((a, b) => a.epoch - b.epoch || a.seq - b.seq) }
  })
}

/** The history that a moment belongs to, the newest base that tells it, and the history after. */
export interface InForce {
  history: History
  base?: Base
  next?: History
}

export function inForceAt(record: Bases, at: number): InForce {
  const histories = historiesOf(record)
  const index = histories.findLastIndex((history) => history.at <= at)
  const history = histories[index] ?? { ...UNKNOWN, bases: [] }
  const base = history.bases.findLast(({ since }) => since <= at)
  const next = histories[index + 1]
  return { history, ...(base && { base }), ...(next && { next }) }
}

/**
 * The oldest base that moments from `windowStart` on need: the log from its position on must stay.
 * Undefined where none can be brought back.
 */
export function firstNeeded(record: Bases, windowStart: number): Base | undefined {
  const later = historiesOf(record).flatMap(({ bases }) => bases)
  return inForceAt(record, windowStart).base ?? later.find(({ since }) => since > windowStart)
}

/** From when on moments can be brought back exactly; undefined where none can. */
export function exactSince(record: Bases, windowStart: number): number | undefined {
  return firstNeeded(record, windowStart)?.since
}

/**
 * The snapshots without which a moment from `windowStart` on could not be brought back any more: of
 * each history that reaches into the window the newest one from before it, else the oldest.
 */
export function neededForMoments(record: Bases, windowStart: number): SnapshotRef[] {
  const histories = historiesOf(record)
  return histories.flatMap(({ bases }, index) => {
    const over = (histories[index + 1]?.at ?? Infinity) <= windowStart
    const base = bases.findLast(({ since }) => since <= windowStart) ?? bases[0]
    return over || base?.snapshot === undefined ? [] : [base.snapshot]
  })
}

/** The record without what no moment from `windowStart` on needs: past log, and earlier origins. */
export function withoutOldPast(record: OwnerRecord, windowStart: number): OwnerRecord {
  const start = startOfRanges(record)
  const needed = Math.min(firstNeeded(record, windowStart)?.position ?? start, start)
  const inForce = originsOf(record).findIndex(({ at }) => at <= windowStart)
  const origins = inForce < 0 ? record.origins : record.origins.slice(0, inForce)
  return { ...record, past: cutBefore(record.past, needed), origins }
}

/** Newest first. */
function originsOf({ origin, origins }: Bases): Origin[] {
  return origin === null ? origins : [origin, ...origins]
}

function ofOrigin({ at, epoch, seq, hash, position }: Origin): Base {
  return { since: at, epoch, seq, hash, position }
}

/** Its changes may have times from before its history began, where that was not known then. */
function ofSnapshot(snapshot: SnapshotRef, began: number): Base {
  const { changedAt, epoch, seq, hash, position } = snapshot
  return { since: Math.max(changedAt, began), epoch, seq, hash, position, snapshot }
}
