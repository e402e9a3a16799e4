import { planRecovery, type RecoveryPlan } from '../../session/plan.ts'
import type { ReplicaContext } from '../context.ts'
import { gather } from '../evidence.ts'
import { exactSince } from '../moments.ts'
import type { KnownOwner } from '../owner.ts'
import type { RestorePlan, RestoreTarget } from '../port.ts'
import { readNewest } from '../read-newest.ts'
import { isUnreadable } from '../sealer.ts'
import { findTarget } from './target.ts'

/** What a restore would do now; claims and changes nothing. */
export async function planRestore(
  context: ReplicaContext,
  sessionId: string,
  target: RestoreTarget,
  signal?: AbortSignal,
): Promise<RestorePlan> {
  const found = await findTarget(context, sessionId, target, signal)
  const { known, image, base, replayed } = found
  const { record } = known
  const present = newestOf(context, known)
  const since = exactSince(record, context.clock.wall() - context.keeping.pointInTimeMs)
  const refused = refusalOf(context, known)
  return {
    sessionId,
    image,
    ...(base && { base }),
    replayed,
    reached: { seq: image.seq, changedAt: image.changedAt },
    present,
    undone: {
      changes: Math.max(0, present.seq - image.seq),
      ms: Math.max(0, present.changedAt - image.changedAt),
    },
    keeps: await keeps(context, known, signal),
    ...(since !== undefined && { exactSince: since }),
    ...(refused !== undefined && { refused }),
  }
}

/** The newest state that is known of: this disk may have what is not stored yet. */
function newestOf(
  { auth }: ReplicaContext,
  { record }: KnownOwner,
): { seq: number; changedAt: number } {
  const local = auth.find(record.session)
  const { seq, changedAt } = local !== undefined && local.seq > record.seq ? local : record
  return { seq, changedAt: Math.max(changedAt, record.snapshot?.changedAt ?? 0) }
}

function refusalOf(
  context: ReplicaContext,
  known: KnownOwner,
): { why: string; worker: string } | undefined {
  const plan = planOf(context, known)
  const { worker } = known.record
  if (plan.kind === 'wait') return { why: plan.why, worker }
  return plan.kind === 'refuse' && plan.cause === 'owned-elsewhere'
    ? { why: plan.why, worker }
    : undefined
}

/** As a restore itself decides it: what could not be recovered cannot be kept either. */
async function keeps(
  context: ReplicaContext,
  known: KnownOwner,
  signal: AbortSignal | undefined,
): Promise<{ why?: string }> {
  const plan = planOf(context, known)
  if (plan.kind === 'refuse' && plan.cause !== 'owned-elsewhere') return { why: plan.why }
  if (plan.kind !== 'restore') return {}
  try {
    await readNewest(context, known.record.session, signal)
    return {}
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return { why: error.message }
  }
}

function planOf(context: ReplicaContext, known: KnownOwner): RecoveryPlan {
  const request = { sessionId: known.record.session, assigned: true }
  return planRecovery(gather(context, request, known, 'unknown'))
}
