import { GatewayError } from '../session/errors.ts'
import { claim } from './claim.ts'
import type { ReplicaContext } from './context.ts'
import { fold } from './fold.ts'
import type { ClaimOutcome, ClaimRequest } from './port.ts'

/**
 * A claim with what stands around it: state that only this disk had is stored as a whole at once,
 * since the log goes on from it; and while the store is away, a worker that is alone with its
 * sessions may open them unclaimed.
 */
export async function claimOrBorrow(
  context: ReplicaContext,
  request: ClaimRequest,
): Promise<ClaimOutcome> {
  try {
    const outcome = await claim(context, request)
    await storeWhole(context, request)
    return outcome
  } catch (error) {
    const borrowed = request.provisional === true && isAway(error) && borrow(context, request)
    if (borrowed === false || borrowed === undefined) throw error
    return borrowed
  }
}

async function storeWhole(
  context: ReplicaContext,
  { sessionId, signal }: ClaimRequest,
): Promise<void> {
  const held = context.held.get(sessionId)
  if (held === undefined || held.complete || context.auth.find(sessionId)?.paired !== true) return
  try {
    await fold(context, sessionId, 'interval', signal)
  } catch (error) {
    // Nothing is shipped, nor acknowledged remotely, before a later fold succeeds.
    if (!isAway(error)) throw error
  }
}

function borrow(
  { auth, held }: ReplicaContext,
  { sessionId }: ClaimRequest,
): ClaimOutcome | undefined {
  const local = auth.find(sessionId)
  if (auth.ack !== 'local' || local?.paired !== true || held.has(sessionId)) return undefined
  const { confirmedEpoch: epoch, seq } = local
  const notes = ['opened from this disk while the object store is away; it is claimed afterwards']
  return { kind: 'claimed', provisional: true, epoch, route: 'warm', seq, notes }
}

function isAway(error: unknown): boolean {
  return error instanceof GatewayError && error.code.startsWith('store.') && error.retryable
}
