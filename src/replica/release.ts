import { GatewayError } from '../session/errors.ts'
import type { Held, ReplicaContext } from './context.ts'
import { isNewer, noteBase, noteStored, snapshotFor, superseding } from './fold.ts'
import { changeHeld, heldOwner } from './owner-io.ts'
import type { OwnerRecord, SnapshotRef } from './owner.ts'
import { dropUnnamed } from './snapshot-io.ts'
import { releaseOwner, type StateEnd } from './transitions.ts'

export interface ReleaseResult {
  stored: boolean
  detail?: string
}

/**
 * Rule 10: a snapshot where local state is newer and `store` says so, then the record with the true
 * end. Without the snapshot the record says how far the state went, so that a worker without this
 * disk refuses as `stale` instead of going back unasked. The caller has sealed the session.
 */
export async function release(
  context: ReplicaContext,
  sessionId: string,
  options: { store: boolean; signal?: AbortSignal },
): Promise<ReleaseResult> {
  try {
    return await attempt(context, sessionId, options)
  } catch (error) {
    if (!isStoreTrouble(error)) throw error
    return { stored: false, detail: `not released in the object store: ${error.message}` }
  } finally {
    context.held.delete(sessionId)
  }
}

async function attempt(
  context: ReplicaContext,
  sessionId: string,
  { store, signal }: { store: boolean; signal?: AbortSignal },
): Promise<ReleaseResult> {
  const { held, known } = await heldOwner(context, sessionId, signal)
  const { snapshot, trouble } = store
    ? await lastSnapshot(context, sessionId, held, known.record, signal)
    : {}
  await noteBase(context, sessionId, held)
  const end = snapshot ?? localEnd(context, sessionId)
  const { before, after } = await changeHeld(
    context,
    sessionId,
    (record, stamp) => {
      const snapshots = snapshot && superseding(record, snapshot, context.clock.wall())
      return releaseOwner(record, held, end ?? record, snapshots, stamp)
    },
    signal,
  )
  await noteStored(context, sessionId, held, snapshot?.seq)
  if (snapshot !== undefined) await dropUnnamed(context, before, after, held.garbage)
  if (after.snapshot?.seq === after.seq) return { stored: true }
  const stored = after.snapshot === null ? 'nothing' : `the state up to seq ${after.snapshot.seq}`
  const why = trouble === undefined ? '' : `: ${trouble}`
  return {
    stored: false,
    detail: `the object store has ${stored}, this disk seq ${after.seq}${why}`,
  }
}

/** A snapshot that cannot be put is no reason not to say where the state ends. */
async function lastSnapshot(
  context: ReplicaContext,
  sessionId: string,
  held: Held,
  record: OwnerRecord,
  signal: AbortSignal | undefined,
): Promise<{ snapshot?: SnapshotRef; trouble?: string }> {
  if (!isNewer(context, sessionId, record)) return {}
  try {
    return { snapshot: await snapshotFor(context, sessionId, held, record, 'release', signal) }
  } catch (error) {
    if (!isStoreTrouble(error)) throw error
    return { trouble: error.message }
  }
}

function localEnd(context: ReplicaContext, sessionId: string): StateEnd | undefined {
  return context.auth.find(sessionId)
}

function isStoreTrouble(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code.startsWith('store.')
}
