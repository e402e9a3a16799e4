import { GatewayError } from '../session/errors.ts'
import { letGo, type Held, type ReplicaContext } from './context.ts'
import { fold, isNewer, noteBase, noteStored, snapshotFor } from './fold.ts'
import { changeHeld, heldOwner, readOwner } from './owner-io.ts'
import type { OwnerRecord, NewSnapshot } from './owner.ts'
import { superseding } from './retention/superseding.ts'
import { dropUnnamed } from './snapshot-io.ts'
import { holds, releaseOwner } from './transitions.ts'

export interface ReleaseResult {
  stored: boolean
  detail?: string
}

/**
 * Rule 10: every change is shipped, then the record says where the history ends and is given up. A
 * snapshot (`store`) only spares the next owner the replay. What cannot be shipped stays in this
 * disk's journal and the session stays unreleased, so that nobody goes on without it unasked. The
 * caller has sealed the session.
 */
export async function release(
  context: ReplicaContext,
  sessionId: string,
  options: { store: boolean; signal?: AbortSignal },
): Promise<ReleaseResult> {
  try {
    await attempt(context, sessionId, options)
    return { stored: true }
  } catch (error) {
    if (!isExpected(error, options.signal)) throw error
    return { stored: false, detail: `not released in the object store: ${error.message}` }
  } finally {
    letGo(context, sessionId, released(sessionId))
  }
}

async function attempt(
  context: ReplicaContext,
  sessionId: string,
  { store, signal }: { store: boolean; signal?: AbortSignal },
): Promise<void> {
  const { held, known } = await heldOwner(context, sessionId, signal)
  await noteBase(context, sessionId, held)
  // What lies in the log would follow on something that is not stored.
  if (!held.complete && context.auth.find(sessionId)?.paired === true)
    await fold(context, sessionId, 'release', signal)
  await shipAll(context, sessionId, held, signal)
  // After the last change was shipped, and before the record is read for the last time.
  const { slot } = context.log.position
  const snapshot = store
    ? await lastSnapshot(context, sessionId, held, known.record, signal)
    : undefined
  const local = context.auth.find(sessionId)
  const { before, after } = await changeHeld(
    context,
    sessionId,
    (record, stamp) => {
      const snapshots = snapshot && superseding(context, record, snapshot)
      return releaseOwner(record, held, local ?? record, slot, snapshots, stamp)
    },
    signal,
  )
  await noteStored(context, sessionId, held, after.seq)
  if (snapshot !== undefined) await dropUnnamed(context, before, after, held.garbage)
}

/** Where a fence came between, this tells at once whether the session has another owner by now. */
async function shipAll(
  context: ReplicaContext,
  sessionId: string,
  held: Held,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await context.log.shipped(sessionId, signal)
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'replica.fenced') {
      const known = await readOwner(context, sessionId, signal)
      if (known === undefined || !holds(known.record, held)) context.onLost(sessionId, known)
    }
    throw error
  }
}

/** A snapshot that cannot be put is no reason not to release: the log has it all. */
async function lastSnapshot(
  context: ReplicaContext,
  sessionId: string,
  held: Held,
  record: OwnerRecord,
  signal: AbortSignal | undefined,
): Promise<NewSnapshot | undefined> {
  if (!isNewer(context, sessionId, record)) return undefined
  try {
    return await snapshotFor(context, sessionId, held, record, 'release', signal)
  } catch (error) {
    if (!isStoreTrouble(error)) throw error
    return undefined
  }
}

/** The store's trouble, a fence, or a deadline: the session is safe on this disk. */
function isExpected(error: unknown, signal: AbortSignal | undefined): error is Error {
  if (signal?.aborted === true && error === signal.reason) return error instanceof Error
  if (!(error instanceof GatewayError)) return false
  return isStoreTrouble(error) || error.code === 'interrupted'
}

function isStoreTrouble(error: unknown): boolean {
  return error instanceof GatewayError && error.code.startsWith('store.')
}

function released(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `'${sessionId}' was released`,
  })
}
