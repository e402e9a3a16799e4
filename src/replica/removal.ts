import { GatewayError } from '../session/errors.ts'
import { letGo, newStamp, type ReplicaContext } from './context.ts'
import { ownerName } from './names.ts'
import { readOwner, swapOwner } from './owner-io.ts'
import type { KnownOwner } from './owner.ts'
import type { RemovedCopies } from './port.ts'
import { listSnapshots, sweepable } from './retention/sweep.ts'
import { removeOwner } from './transitions.ts'

const ROUNDS = 10

/**
 * The tombstone first, then every snapshot object, named or not. Can be run again where it stopped,
 * also after the session was created anew: then only what is older goes. The owner record itself is
 * never deleted, so that no epoch is ever given twice. Its changes in the log go with their bundles.
 */
export async function removeSession(
  context: ReplicaContext,
  sessionId: string,
): Promise<RemovedCopies> {
  const logUntil = context.clock.wall() + context.keeping.pointInTimeMs
  if (!(await bury(context, sessionId))) return { snapshots: 0, bytes: 0, logUntil }
  letGo(context, sessionId, removed(sessionId))
  const listed = await listSnapshots(context, sessionId)
  const known = await readOwner(context, sessionId)
  const gone = known === undefined ? [] : sweepable(known.record, listed)
  for (const { name } of gone) await context.store.remove(name)
  const bytes = gone.reduce((sum, { size }) => sum + size, 0)
  return { snapshots: gone.length, bytes, logUntil }
}

async function bury(context: ReplicaContext, sessionId: string): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round++) {
    const known = await readOwner(context, sessionId)
    if (known === undefined) return false
    if (known.record.removed) return true
    if (!known.record.released && !context.auth.isMine(known.record.boot))
      throw ownedElsewhere(sessionId, known)
    const { boot } = context.auth
    const holder = { worker: context.worker, boot }
    const next = removeOwner(known.record, holder, newStamp(context))
    const outcome = await swapOwner(context, next, known)
    if (outcome.kind === 'stored') return true
  }
  throw new GatewayError({
    code: 'store.unavailable',
    subject: ownerName(sessionId),
    message: `the owner record of '${sessionId}' kept changing while it was removed`,
  })
}

function ownedElsewhere(sessionId: string, { record }: KnownOwner): GatewayError {
  return new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: `worker '${record.worker}' owns '${sessionId}'`,
    hint: 'remove it there, or take it over first',
  })
}

function removed(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.unknown',
    subject: sessionId,
    message: `'${sessionId}' was removed`,
  })
}
