import type { CauseId } from './cause.ts'

/**
 * What to do for one session, from everything that is known of it. Pure: the claim acts on it,
 * a dry run prints it.
 *
 *   who may:   released, mine, or (assigned and the owner silent), or take-over; else refuse
 *   which:     local state where it is the newest; else what is stored (snapshot and log) where that
 *              is complete; else, for a pairing only, nothing (a new identity); else refuse
 */
export interface RecoveryEvidence {
  sessionId: string
  /** When changes count as acknowledged; `local` unless said otherwise. */
  ack?: 'local' | 'remote'
  request: { assigned: boolean; takeOver: boolean; create: boolean }
  local?: LocalEvidence
  owner?: OwnerEvidence
  /** What watching the owning boot's `alive` object showed. `unknown`: nobody watched yet. */
  silence: 'unknown' | 'silent' | 'alive'
}

export interface LocalEvidence {
  seq: number
  hash: string
  paired: boolean
  tags: readonly { epoch: number; boot: string }[]
  /** The highest epoch that the store once confirmed to this disk. */
  confirmedEpoch: number
  /** The chain hash of the local history at the owner record's seq; undefined: not known. */
  hashAtOwnerSeq: string | undefined
}

export interface OwnerEvidence {
  epoch: number
  worker: string
  boot: string
  /** Milliseconds since the epoch at which the record was written. */
  at: number
  released: boolean
  removed: boolean
  /** The boot was minted by this very state directory. */
  mine: boolean
  /** This process itself took this epoch and has not given it up. */
  held: boolean
  /** The newest change that the store knows of: the record's or, beyond it, the log's. */
  seq: number
  hash: string
  /** When the record was copied from another store, in milliseconds: disks may know of more. */
  copiedAt?: number
  /**
   * What can be restored: how far snapshot and log reach together, when the snapshot was made (the
   * record, where there is none), and `problem` where it was read and found damaged.
   */
  stored?: { seq: number; createdAt: number; logOnly?: boolean; problem?: string }
}

export type RecoveryPlan =
  /** This process owns it already and its local state serves. */
  | { kind: 'nothing'; epoch: number; why: string }
  /** Local state is the newest: claim the epoch and connect. */
  | { kind: 'connect'; epoch: number; why: string; notes: string[] }
  /** Download what is stored, set local state aside (`quarantine`), claim, connect. */
  | {
      kind: 'restore'
      epoch: number
      quarantine: boolean
      why: string
      forfeited?: string
    }
  /** A pairing begins, on fresh local state where that is there; `quarantine`: on none. */
  | { kind: 'create'; epoch: number; quarantine: boolean; why: string }
  /** Watch the owning boot's `alive` object, then plan again. */
  | { kind: 'wait'; worker: string; boot: string; why: string }
  | { kind: 'refuse'; cause: CauseId; why: string }

export function planRecovery(evidence: RecoveryEvidence): RecoveryPlan {
  const { owner, local } = evidence
  if (owner === undefined) return planWithoutOwner(evidence)
  const refusal = mayNot(evidence, owner)
  if (refusal !== undefined) return refusal
  if (local === undefined || !isAhead(local, owner)) return planWithOwner(evidence, owner)
  // No epoch is given twice, also where this disk's state does not serve.
  const { confirmedEpoch } = local
  return local.paired
    ? goOnFromDisk(evidence, owner, confirmedEpoch)
    : planWithOwner(evidence, { ...owner, epoch: confirmedEpoch })
}

/** Why the session may not be touched, or what to wait for: settled before its log is ended. */
export function planRefusal(evidence: RecoveryEvidence): RecoveryPlan | undefined {
  return evidence.owner && mayNot(evidence, evidence.owner)
}

/** The store knows nothing of the session: it is new, or the store is new, emptied or another. */
function planWithoutOwner({ request, local, sessionId }: RecoveryEvidence): RecoveryPlan {
  const known = Math.max(local?.confirmedEpoch ?? 0, ...(local?.tags ?? []).map((t) => t.epoch), 0)
  const epoch = known + 1
  if (local?.paired !== true)
    return request.create
      ? create(epoch, false, 'the session is new')
      : refuse('no-state', `neither this disk nor the object store has '${sessionId}'`)
  const forgotten = local.confirmedEpoch > 0
  if (forgotten && !request.assigned && !request.takeOver)
    return refuse(
      'stale',
      `the object store has no record of '${sessionId}', although it confirmed epoch ${local.confirmedEpoch} to this disk, so whether this disk is the newest cannot be told`,
    )
  const notes = forgotten
    ? [
        `the object store has no record of '${sessionId}', although it confirmed epoch ${local.confirmedEpoch}: it was emptied, or it is another store; the session goes on from this disk`,
      ]
    : []
  return { kind: 'connect', epoch, why: 'only this disk has the session', notes }
}

/** The store is a copy of another, made before this disk took an epoch there. */
function isAhead(local: LocalEvidence, { epoch, copiedAt }: OwnerEvidence): boolean {
  return copiedAt !== undefined && epoch < local.confirmedEpoch
}

function goOnFromDisk(
  { request, sessionId }: RecoveryEvidence,
  { epoch, copiedAt = 0 }: OwnerEvidence,
  confirmed: number,
): RecoveryPlan {
  const what = `what the object store has of '${sessionId}' was copied at ${iso(copiedAt)}, at epoch ${epoch}, and this disk took epoch ${confirmed} since`
  if (!request.assigned && !request.takeOver)
    return refuse('stale', `${what}: whether this disk is the newest cannot be told`)
  const notes = [`${what}; the session goes on from this disk`]
  return { kind: 'connect', epoch: confirmed + 1, why: 'this disk is newer than the copy', notes }
}

/** Why the session may not be touched now, or what to wait for; undefined where it may. */
function mayNot(evidence: RecoveryEvidence, owner: OwnerEvidence): RecoveryPlan | undefined {
  const { request, local, silence, sessionId } = evidence
  if (local !== undefined && owner.epoch < local.confirmedEpoch && !isAhead(local, owner))
    return refuse(
      'store-older',
      `the owner record of '${sessionId}' is at epoch ${owner.epoch}, although epoch ${local.confirmedEpoch} was confirmed to this disk: the store was rolled back, or is another one`,
    )
  if (owner.released || owner.mine || request.takeOver) return undefined
  const whose = `worker '${owner.worker}' (boot ${owner.boot.slice(0, 8)}) has owned '${sessionId}' since ${iso(owner.at)}`
  if (!request.assigned)
    return refuse('owned-elsewhere', `${whose}, and it is not assigned to this worker`)
  if (silence === 'alive') return refuse('owned-elsewhere', `${whose}, and it is alive`)
  if (silence === 'unknown')
    return { kind: 'wait', worker: owner.worker, boot: owner.boot, why: whose }
  return undefined
}

function planWithOwner(evidence: RecoveryEvidence, owner: OwnerEvidence): RecoveryPlan {
  const { request, local, sessionId } = evidence
  const epoch = owner.epoch + 1
  const standing = local === undefined ? 'none' : standingOf(local, owner)
  if (request.create && standing === 'fresh') return create(epoch, false, 'a pairing begins')
  if (owner.removed)
    return request.create
      ? create(epoch, local !== undefined, 'the session was removed')
      : refuse('no-state', `'${sessionId}' was removed`)
  if (standing === 'newest') {
    const why = 'the local state is the newest'
    return owner.held
      ? { kind: 'nothing', epoch: owner.epoch, why }
      : { kind: 'connect', epoch, why, notes: [] }
  }
  return owner.stored === undefined
    ? planWithNothingStored(evidence, owner, standing)
    : planRestore(evidence, owner, owner.stored)
}

function planWithNothingStored(
  { request, local, sessionId }: RecoveryEvidence,
  { epoch }: OwnerEvidence,
  standing: Standing | 'none',
): RecoveryPlan {
  if (standing === 'older' || standing === 'forked')
    return refuse(
      'stale',
      `the local state of '${sessionId}' is not that of epoch ${epoch}, of which nothing is stored`,
    )
  return request.create
    ? create(epoch + 1, local !== undefined, 'nothing of it is stored')
    : refuse('no-state', `no state of '${sessionId}' is stored: its pairing was never completed`)
}

function planRestore(
  { local, sessionId, ack = 'local' }: RecoveryEvidence,
  owner: OwnerEvidence,
  stored: NonNullable<OwnerEvidence['stored']>,
): RecoveryPlan {
  if (stored.problem !== undefined) return refuse('damaged', stored.problem)
  if (stored.seq < owner.seq)
    return refuse(
      'stale',
      `the newest stored snapshot of '${sessionId}' is at seq ${stored.seq}, but worker '${owner.worker}' ended at seq ${owner.seq}; the rest is on that worker's disk`,
    )
  const forfeited =
    `worker '${owner.worker}' had not released it, so this may have forfeited changes after seq ${stored.seq}. ` +
    'Where it sent messages just before, their counters may be used again, and contacts may refuse the next ones'
  return {
    kind: 'restore',
    epoch: owner.epoch + 1,
    quarantine: local !== undefined,
    why: local === undefined ? 'this disk does not have it' : 'the local state is not the newest',
    ...(!owner.released && ack === 'local' && { forfeited }),
  }
}

/**
 * Whether local state may go on from the owner record's end.
 *
 *   newest    it may: it ends exactly there, or it is of the record's very epoch and boot and contains
 *             its last change. State that was created under an epoch of this disk of which nothing is
 *             stored yet carries no tag; it is of that epoch too
 *   fresh     unpaired, and goes on from the record's end: made for a pairing
 *   leftover  unpaired, and does not: the leavings of a pairing that nobody completed
 *   older     of an earlier epoch, or a disk that was rolled back
 *   forked    of the record's epoch and boot, reaches beyond its end, but does not contain it: a
 *             disk that was rolled back and used without the store
 */
type Standing = 'newest' | 'fresh' | 'leftover' | 'older' | 'forked'

function standingOf(local: LocalEvidence, owner: OwnerEvidence): Standing {
  const contains =
    local.seq >= owner.seq && (owner.seq === 0 || local.hashAtOwnerSeq === owner.hash)
  if (!local.paired) return contains ? 'fresh' : 'leftover'
  if (owner.seq > 0 && local.seq === owner.seq && local.hash === owner.hash) return 'newest'
  const unfolded = owner.stored === undefined || owner.stored.logOnly === true
  const untagged = local.tags.length === 0 && owner.mine && unfolded
  const same = untagged || local.tags.some((t) => t.epoch === owner.epoch && t.boot === owner.boot)
  if (!same || local.seq < owner.seq) return 'older'
  return contains ? 'newest' : 'forked'
}

function create(epoch: number, quarantine: boolean, why: string): RecoveryPlan {
  return { kind: 'create', epoch, quarantine, why }
}

function refuse(cause: CauseId, why: string): RecoveryPlan {
  return { kind: 'refuse', cause, why }
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
