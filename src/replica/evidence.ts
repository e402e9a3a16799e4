import type { LocalEvidence, OwnerEvidence, RecoveryEvidence } from '../session/plan.ts'
import type { ReplicaContext } from './context.ts'
import type { KnownOwner, OwnerRecord } from './owner.ts'
import type { ClaimRequest } from './port.ts'
import type { StateEnd } from './transitions.ts'

/** Everything the plan needs to know; reads local state only. */
export function gather(
  context: ReplicaContext,
  request: ClaimRequest,
  known: KnownOwner | undefined,
  silence: RecoveryEvidence['silence'],
  log?: LogEvidence,
): RecoveryEvidence {
  const { sessionId, assigned, takeOver = false, create = false } = request
  const found = context.auth.find(sessionId)
  const end = log?.end ?? known?.record
  const local: LocalEvidence | undefined = found && {
    seq: found.seq,
    hash: found.hash,
    paired: found.paired,
    tags: found.tags,
    confirmedEpoch: found.confirmedEpoch,
    hashAtOwnerSeq: known && end && hashAt(context, known.record, end),
  }
  return {
    sessionId,
    ack: context.auth.ack,
    request: { assigned, takeOver, create },
    silence,
    ...(local && { local }),
    ...(known && { owner: ownerEvidence(context, known, log) }),
  }
}

/** What was found when the log was read as far as the decision needs it. */
export interface LogEvidence {
  /** The newest change in the store. */
  end: StateEnd
  /** Why what is stored cannot be read. */
  problem?: string
  /** Nothing worth restoring is stored: the log ends before a phone was linked. */
  unpaired?: boolean
}

/** True where local state carries the tag of the record's very epoch. */
export function isTagged(
  { auth }: Pick<ReplicaContext, 'auth'>,
  record: Pick<OwnerRecord, 'session' | 'epoch' | 'boot' | 'snapshot'>,
): boolean {
  const { session, epoch, boot, snapshot } = record
  const local = auth.find(session)
  if (local === undefined || !auth.isMine(boot)) return false
  // State that was created under an epoch of this disk carries no tag until something is stored.
  if (local.tags.length === 0) return snapshot === null
  return local.tags.some((tag) => tag.epoch === epoch && tag.boot === boot)
}

/**
 * The local chain hash at the store's end. The journal keeps it only where something after it is not
 * stored; further back, what the store confirmed of this very history is as good.
 */
function hashAt(context: ReplicaContext, record: OwnerRecord, end: StateEnd): string | undefined {
  const { session } = record
  const storedSeq = context.auth.find(session)?.storedSeq ?? 0
  const confirmed = end.seq < storedSeq && isTagged(context, record)
  return confirmed ? end.hash : context.auth.hashAt(session, end.seq)
}

function ownerEvidence(
  context: ReplicaContext,
  { record }: KnownOwner,
  log: LogEvidence | undefined,
): OwnerEvidence {
  const { session, epoch, worker, boot, at, released, removed, copied } = record
  const { seq, hash } = log?.end ?? record
  const stored = log?.unpaired === true ? undefined : storedEvidence(record, seq)
  const problem = log?.problem
  const held = context.held.get(session)
  return {
    epoch,
    worker,
    boot,
    at,
    released,
    removed,
    seq,
    hash,
    mine: context.auth.isMine(boot),
    held: held?.epoch === epoch && held.boot === boot && boot === context.auth.boot,
    ...(copied !== undefined && { copiedAt: copied }),
    ...(stored && { stored: { ...stored, ...(problem !== undefined && { problem }) } }),
  }
}

/** How far snapshot and log reach together, taking the log as whole: the restore proves it. */
function storedEvidence(
  { snapshot, ranges, origin, at }: OwnerRecord,
  end: number,
): Omit<NonNullable<OwnerEvidence['stored']>, 'problem'> | undefined {
  const logged = ranges.length > 0
  if (snapshot !== null) {
    const seq = logged ? Math.max(end, snapshot.seq) : snapshot.seq
    return { seq, createdAt: snapshot.createdAt }
  }
  return logged && origin !== null ? { seq: end, createdAt: at, logOnly: true } : undefined
}
