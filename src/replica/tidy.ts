import type { ReplicaContext } from './context.ts'
import { fold } from './fold.ts'
import { foldDue } from './fold-due.ts'
import { changeHeld, heldOwner } from './owner-io.ts'
import type { Tidied } from './port.ts'
import { advanceOwner } from './transitions.ts'

/** Folds, or lets go of log, where that is due; reads nothing from the store to find out. */
export async function tidy(
  context: ReplicaContext,
  sessionId: string,
  { intervalMs, signal }: { intervalMs: number; signal?: AbortSignal },
): Promise<Tidied> {
  const local = context.auth.find(sessionId)
  if (context.held.get(sessionId)?.boot !== context.auth.boot || local?.paired !== true)
    return 'not-due'
  const { held, known } = await heldOwner(context, sessionId, signal)
  const { snapshot, origin, ranges } = known.record
  // Noted before the local state is looked at: what is in earlier slots is in it.
  const { slot } = context.log.position
  const { seq } = context.auth.find(sessionId) ?? local
  const age = context.clock.monotonic() - held.foldedAt
  const tail = {
    changes: seq - (snapshot?.seq ?? origin?.seq ?? 0),
    bytes: held.tailBytes,
    snapshotBytes: snapshot?.size ?? 0,
    ageMs: age,
    rangeAgeMs: (ranges.at(-1)?.from ?? slot) < slot ? age : 0,
  }
  const due = held.complete ? foldDue(tail, intervalMs) : 'folded'
  if (due === 'folded') await fold(context, sessionId, 'interval', signal)
  if (due !== 'advanced') return due
  await changeHeld(context, sessionId, (record, at) => advanceOwner(record, held, slot, at), signal)
  held.foldedAt = context.clock.monotonic()
  return due
}
