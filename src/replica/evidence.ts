import type { LocalEvidence, OwnerEvidence, RecoveryEvidence } from '../session/plan.ts'
import type { ReplicaContext } from './context.ts'
import type { KnownOwner } from './owner.ts'
import type { ClaimRequest } from './port.ts'

/** Everything the plan needs to know; reads local state only. */
export function gather(
  context: ReplicaContext,
  request: ClaimRequest,
  known: KnownOwner | undefined,
  silence: RecoveryEvidence['silence'],
): RecoveryEvidence {
  const { sessionId, assigned, takeOver = false, create = false } = request
  const found = context.auth.find(sessionId)
  const record = known?.record
  const local: LocalEvidence | undefined = found && {
    seq: found.seq,
    hash: found.hash,
    paired: found.paired,
    tags: found.tags,
    confirmedEpoch: found.confirmedEpoch,
    hashAtOwnerSeq: record && context.auth.hashAt(sessionId, record.seq),
  }
  return {
    sessionId,
    request: { assigned, takeOver, create },
    silence,
    ...(local && { local }),
    ...(known && { owner: ownerEvidence(context, known) }),
  }
}

function ownerEvidence(context: ReplicaContext, { record }: KnownOwner): OwnerEvidence {
  const { session, epoch, worker, boot, at, released, removed, seq, hash, snapshot } = record
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
    ...(snapshot && {
      snapshot: { epoch: snapshot.epoch, seq: snapshot.seq, createdAt: snapshot.createdAt },
    }),
  }
}
