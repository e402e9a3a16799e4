import { GatewayError } from '../session/errors.ts'
import type { LogRange, OwnerRecord, SnapshotRef } from './owner.ts'

/**
 * The owner record as a state machine; every write to it is one of these.
 *
 *   (none) ──claim──► owned ──fold──► owned ──release──► released ──claim──► owned (epoch + 1)
 *   owned ──claim──► owned (epoch + 1: taken over, or the same disk again)
 *   owned | released ──seize──► owned (epoch + 1) ──release──► released (back in time, seq goes on)
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
 * What the new epoch goes on from. `warm`: local state ending at `end`. `restore`: the stored
 * snapshot. `new`: nothing; a pairing follows, and what was the snapshot becomes a backup.
 */
export type ClaimBase = { from: 'warm'; end: StateEnd } | { from: 'restore' } | { from: 'new' }

export function claimOwner(
  session: string,
  previous: OwnerRecord | undefined,
  holder: Holder,
  base: ClaimBase,
  ranges: LogRange[],
  stamp: Stamp,
): OwnerRecord {
  assert(session, holder.epoch > (previous?.epoch ?? 0), 'a claim must raise the epoch')
  const common = { format: 1, session, ...holder, ranges, released: false, removed: false } as const
  if (previous === undefined) {
    assert(session, base.from !== 'restore', 'there is nothing to restore')
    const end = base.from === 'warm' ? base.end : NOTHING
    return { ...common, snapshot: null, kept: [], ...end, history: [], ...stamp }
  }
  const { snapshot, kept, seq, hash } = previous
  const end = { seq, hash }
  if (base.from === 'new') {
    const backups = snapshot === null ? kept : [snapshot, ...kept]
    return {
      ...common,
      snapshot: null,
      kept: backups,
      ...end,
      history: branched(previous, end),
      ...stamp,
    }
  }
  assert(session, !previous.removed, 'a removed session has no state to go on from')
  if (base.from === 'restore')
    assert(session, snapshot?.seq === seq, 'the snapshot is older than the last change')
  else assert(session, base.end.seq >= seq, 'local state is older than the last change')
  const branch = base.from === 'warm' ? base.end : end
  return { ...common, snapshot, kept, ...end, history: branched(previous, branch), ...stamp }
}

/** Names a new snapshot as the one to recover from. */
export function foldOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  snapshots: { snapshot: SnapshotRef; kept: SnapshotRef[] },
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  const { seq, hash } = snapshots.snapshot
  assert(record.session, seq >= record.seq, 'a snapshot must not be older than the last change')
  return { ...record, ...snapshots, seq, hash, ...stamp }
}

/** Gives the session up at `end`; `snapshots` when the release stored one. */
export function releaseOwner(
  record: OwnerRecord,
  holder: { epoch: number; boot: string },
  end: StateEnd,
  snapshots: { snapshot: SnapshotRef; kept: SnapshotRef[] } | undefined,
  stamp: Stamp,
): OwnerRecord {
  assertHeld(record, holder)
  assert(record.session, end.seq >= record.seq, 'the end must not be older than the last change')
  const { seq, hash } = end
  return { ...record, ...snapshots, seq, hash, released: true, ...stamp }
}

/** Takes the next epoch to go back in time under it; what is stored stays as it is until then. */
export function seizeOwner(record: OwnerRecord, holder: Holder, stamp: Stamp): OwnerRecord {
  const { session, seq, hash } = record
  assert(session, !record.removed, 'a removed session has no state to go back to')
  assert(session, holder.epoch > record.epoch, 'going back must raise the epoch')
  const history = branched(record, { seq, hash })
  return { ...record, ...holder, ranges: [], released: false, history, ...stamp }
}

/** The tombstone: no snapshots, the epoch and seq kept for whoever creates the session again. */
export function removeOwner(
  record: OwnerRecord,
  holder: { worker: string; boot: string },
  stamp: Stamp,
): OwnerRecord {
  const gone = { snapshot: null, kept: [], ranges: [], released: true, removed: true }
  return { ...record, ...holder, ...gone, ...stamp }
}

export function holds(record: OwnerRecord, holder: { epoch: number; boot: string }): boolean {
  return record.epoch === holder.epoch && record.boot === holder.boot && !record.released
}

/** The chain hash of no history at all, as local state has it. */
export const GENESIS = '0'.repeat(64)
const NOTHING: StateEnd = { seq: 0, hash: GENESIS }

/**
 * A reader needs to know where an epoch ended while something of that epoch is still named: a kept
 * snapshot. Beyond those, the last few are kept for people who ask how a session moved.
 */
const HISTORY = 16

function branched(previous: OwnerRecord, end: StateEnd): OwnerRecord['history'] {
  const entry = { epoch: previous.epoch, endSeq: end.seq, hash: end.hash }
  const named = new Set([previous.snapshot, ...previous.kept].map((ref) => ref?.epoch))
  return [entry, ...previous.history].filter(
    ({ epoch }, index) => index < HISTORY || named.has(epoch),
  )
}

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
