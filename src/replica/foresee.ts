import type { RecoveryPlan } from '../session/plan.ts'
import { planRecovery } from '../session/plan.ts'
import type { ReplicaContext } from './context.ts'
import { gather } from './evidence.ts'
import { readOwner } from './owner-io.ts'
import type { ClaimRequest } from './port.ts'
import { isUnreadable } from './sealer.ts'
import { lostOwner } from './snapshot-io.ts'

/**
 * What a claim would do now, as far as the owner record and this disk tell. It ends nobody's log and
 * reads none, so what damage in the log would change shows only in the claim itself. Throws where the
 * store does not answer.
 */
export async function foresee(
  context: ReplicaContext,
  request: ClaimRequest,
): Promise<RecoveryPlan> {
  const { sessionId, signal } = request
  try {
    const known = await readOwner(context, sessionId, signal)
    const evidence = gather(context, request, known, 'unknown')
    if (known === undefined && evidence.local?.paired !== true) {
      const lost = await lostOwner(context, sessionId, signal)
      if (lost !== undefined) return { kind: 'refuse', cause: 'damaged', why: lost }
    }
    return planRecovery(evidence)
  } catch (error) {
    if (isUnreadable(error)) return { kind: 'refuse', cause: 'damaged', why: error.message }
    throw error
  }
}
