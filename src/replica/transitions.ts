import { GatewayError } from '../session/errors.ts'
import type { LogRange, OwnerRecord, SnapshotRef, NewSnapshot } from './owner.ts'
import { branched, earlier } from './epochs.ts'
import { allPast, closedAt, endOfLine, extended, startOfRanges, type ClosedRange } from './past.ts'

/**
 * The owner record as a state machine; every write to it is one of these.
 *
 *   (none) ──claim──► owned ──fold──► owned ──release──► released ──claim──► owned (epoch + 1)
 *   owned ──claim──► owned (epoch + 1: taken over, or the same disk again)
 *   owned | released ──seize──► owned (epoch + 1) ──release──► released (back in time, seq goes on)
 *   owned | released ──prune──► the same, fewer backups
 *   owned | released ──remove──► removed ──claim (new)──► owned (epoch + 1)
 *
 * Each transition asserts what must hold before it. The epoch never falls, and neither does seq.
 */
export interface Stamp {
  /** Unique to this write. */
  writeId: string
  /** Milliseconds since the epoch. */
  at: number
}

export interface Holder {
  epoch: number
  worker: string
  boot: string
}

export interface StateEnd {
  seq: number
  hash: string
}

/**
 * What the new epoch goes on from. `stored`: what the store holds up to `end`, be it on this disk
 * already or restored; `copied`: this disk may hold what the store, being a copy, does not. `local`: state that only this disk has. `new`: nothing; a pairing follows,
 * and what was the snapshot becomes a backup.
 */
export type ClaimBase =
  | { from: 'stored'; end: StateEnd; copied?: number }
  | { from: 'local'; end: StateEnd }
  | { from: 'new' }

/** The log's ranges when an epoch begins: those of earlier boots, closed, and one's own, open. */
export interface ClaimRanges {
  closed: ClosedRange[]
  open: LogRange
}

export function claimOwner(
  session: string,
  previous: OwnerRecord | undefined,
  holder: Holder,
  base: ClaimBase,
  { closed, open }: ClaimRanges,
  stamp: Stamp,
): OwnerRecord {
  assert(session, holder.epoch > (previous?.epoch ?? 0), 'a claim must raise the epoch')
  const common = { format: 2, session, ...holder, released: false, removed: false } as const
  const { epoch } = holder
  if (previous === undefined) {
    assert(session, base.from !== 'stored', 'there is nothing stored')
    const fresh = base.from === 'new'
    const end = fresh ? NOTHING : bare(base.end)
    const origin = fresh ? { epoch, ...end, at: stamp.at, position: 0, fresh } : null
    const past = { position: 0, ranges: [] }
    const nothing = { snapshot: null, kept: [], history: [], origin, origins: [], past }
    return { ...common, ...nothing, ranges: [open], ...end, changedAt: 0, ...stamp }
  }
  const { snapshot, kept, seq, hash, origin, origins, changedAt } = previous
  if (base.from === 'new') {
    const backups = snapshot === null ? kept : [snapshot, ...kept]
    const end = { seq, hash }
    const past = extended(previous.past, closed)
    const position = startOfRanges({ past })
    const at = Math.max(stamp.at, changedAt)
    return {
      ...common,
      ranges: [open],
      past,
      snapshot: null,
      kept: backups,
      ...end,
      changedAt: at,
      origin: { epoch, ...end, at, position, fresh: true },
      origins: earlier(previous),
      history: branched(previous, end),
      ...stamp,
    }
  }
  assert(session, !previous.removed, 'a removed session has no state to go on from')
  assert(session, base.from === 'stored', 'the record names what is stored')
  assert(session, base.end.seq >= seq, 'the state is older than the last change')
  const ranges = [...closed, open]
  const history = branched(previous, base.end)
  const copied = base.copied === undefined ? {} : { copied: base.copied }
  const log = { ranges, past: previous.past, origin, origins, history, ...copied }
  return { ...common, snapshot, kept, ...log, ...bare(base.end), changedAt, ...stamp }
}

export interface Snapshots {
  snapshot: NewSnapshot
  kept: SnapshotRef[]
}

/**
 * Names a new snapshot as the one to recover from. The log before `slot`, which was the next one
 * before the snapshot was taken, is past: moments before the snapshot are brought back from it.
 */
export function foldOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  snapshots: Snapshots,
  slot: number,
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  const { seq, hash } = snapshots.snapshot
  const changedAt = Math.max(record.changedAt, snapshots.snapshot.changedAt)
  assert(record.session, seq >= record.seq, 'a snapshot must not be older than the last change')
  const { kept } = snapshots
  const snapshot = { ...snapshots.snapshot, position: endOfLine(record, slot) }
  return { ...whole(openFrom(record, slot)), snapshot, kept, seq, hash, changedAt, ...stamp }
}

/** Lets go of the log before `slot`, in which the snapshot leaves nothing to be read. */
export function advanceOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  slot: number,
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  const { snapshot } = record
  const newest = snapshot?.seq === record.seq ? snapshot : null
  assert(record.session, newest !== null, 'the snapshot is not the newest')
  const position = endOfLine(record, slot)
  return { ...openFrom(record, slot), snapshot: { ...newest, position }, ...stamp }
}

/** Gives the session up at `end`, its log closed at `slot`; `snapshots` when one was stored. */
export function releaseOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  end: StateEnd & { changedAt: number },
  slot: number,
  snapshots: Snapshots | undefined,
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  assert(record.session, end.seq >= record.seq, 'the end must not be older than the last change')
  assert(record.session, record.copied === undefined, 'a copy needs a snapshot first')
  const stored = snapshots?.snapshot.seq ?? record.seq
  assert(record.session, stored >= record.seq, 'a snapshot must not be older than the last change')
  const { seq, hash } = end
  const changedAt = Math.max(record.changedAt, end.changedAt)
  const position = endOfLine(record, slot)
  const snapshot = snapshots === undefined ? record.snapshot : { ...snapshots.snapshot, position }
  const named = { snapshot, kept: snapshots?.kept ?? record.kept }
  const closed = closedAt(record.ranges, slot)
  const log = snapshot?.seq === seq ? allPast(record, closed) : { ranges: closed }
  return { ...record, ...named, ...log, seq, hash, changedAt, released: true, ...stamp }
}

/**
 * Takes the next epoch to go back in time under it; what is stored, with the log's closed ranges,
 * stays as it is until then.
 */
export function seizeOwner(
  record: OwnerRecord,
  holder: Holder,
  closed: ClosedRange[],
  stamp: Stamp,
): OwnerRecord {
  const { session, seq, hash } = record
  assert(session, !record.removed, 'a removed session has no state to go back to')
  assert(session, holder.epoch > record.epoch, 'going back must raise the epoch')
  const history = branched(record, { seq, hash })
  return { ...record, ...holder, ranges: closed, released: false, history, ...stamp }
}

/** Names what was gone back to as the whole of the session, and gives it up. */
export function rewindOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  snapshots: Snapshots,
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  const { epoch, seq, hash, changedAt } = snapshots.snapshot
  assert(record.session, seq > record.seq, 'going back must not go back in numbers')
  const position = endOfLine(record)
  const { kept } = snapshots
  const snapshot = { ...snapshots.snapshot, position }
  const origin = { epoch, seq, hash, at: changedAt, position, fresh: false }
  const log = { ...allPast(record, closedAt(record.ranges)), origin, origins: earlier(record) }
  return {
    ...whole(record),
    ...log,
    snapshot,
    kept,
    seq,
    hash,
    changedAt,
    released: true,
    ...stamp,
  }
}

/**
 * Lets go of backups, or takes names off them. Of a released session anybody may (`holder` undefined),
 * of an owned one its owner. `at` stays, since the session's state does.
 */
export function pruneOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string } | undefined,
  { snapshot, kept }: { snapshot: SnapshotRef | null; kept: SnapshotRef[] },
  { writeId }: Stamp,
): OwnerRecord {
  const { session } = record
  if (holder !== undefined) assertHeld(record, holder)
  else assert(session, record.released, 'only its owner may write the record of an owned session')
  assert(session, isSame(snapshot, record.snapshot), 'the newest snapshot stays the newest')
  const rest = [...record.kept]
  for (const ref of kept)
    assert(session, takeFrom(rest, ref), 'letting go of backups must not add or move any')
  return { ...record, snapshot, kept, writeId }
}

/** The tombstone: no snapshots, the epoch and seq kept for whoever creates the session again. */
export function removeOwner(
  record: OwnerRecord,
  holder: { worker: string; boot: string },
  stamp: Stamp,
): OwnerRecord {
  const past = { position: 0, ranges: [] }
  const gone = { snapshot: null, kept: [], ranges: [], past, origin: null, origins: [] }
  return { ...whole(record), ...holder, ...gone, released: true, removed: true, ...stamp }
}

export function holds(record: OwnerRecord, holder: { epoch: number; boot: string }): boolean {
  return record.epoch === holder.epoch && record.boot === holder.boot && !record.released
}

function isSame(a: SnapshotRef | null, b: SnapshotRef | null): boolean {
  return a?.epoch === b?.epoch && a?.seq === b?.seq && a?.hash === b?.hash
}

/** Takes everything up to and with `ref` from the list; false where it is not there. */
function takeFrom(list: SnapshotRef[], ref: SnapshotRef): boolean {
  const index = list.findIndex((other) => isSame(other, ref))
  return index !== -1 && list.splice(0, index + 1).length > 0
}

/** The record with everything before `slot` in its past. */
function openFrom(record: OwnerRecord, slot: number): OwnerRecord {
  const { session, worker, boot, ranges } = record
  const open = ranges.find(({ to }) => to === null)
  assert(session, open === undefined || open.from <= slot, 'the log does not reach as far back')
  const { past } = allPast(record, closedAt(ranges, slot))
  return { ...record, past, ranges: [{ worker, boot, from: slot, to: null }] }
}

/** What follows stands by itself: that the record was a copy no longer matters. */
function whole(record: OwnerRecord): OwnerRecord {
  const alone = { ...record }
  delete alone.copied
  return alone
}

function bare({ seq, hash }: StateEnd): StateEnd {
  return { seq, hash }
}

/** The chain hash of no history at all, as local state has it. */
export const GENESIS = '0'.repeat(64)
export const NOTHING: StateEnd = { seq: 0, hash: GENESIS }

function assertHeld(record: OwnerRecord, holder: { epoch: number; boot: string }): void {
  assert(record.session, holds(record, holder), 'only its owner may write this record')
}

function assert(session: string, condition: boolean, rule: string): asserts condition {
  if (condition) return
  throw new GatewayError({
    code: 'internal',
    subject: session,
    message: `a change to the owner record of '${session}' was stopped: ${rule}`,
  })
}
