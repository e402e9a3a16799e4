import { GatewayError } from '../session/errors.ts'
import type { Held, ReplicaContext } from './context.ts'
import { backupId } from './names.ts'
import { changeHeld, heldOwner } from './owner-io.ts'
import { assertFree, named } from './backup-name.ts'
import { backupInfo, backupsOf, type OwnerRecord, type NewSnapshot } from './owner.ts'
import type { BackupInfo, SnapshotTrigger } from './port.ts'
import { superseding } from './retention/superseding.ts'
import { dropUnnamed, storeSnapshot } from './snapshot-io.ts'
import { foldOwner } from './transitions.ts'

/** Rule 9: the snapshot object first, then the record that names it; on failure nothing is deleted. */
export async function fold(
  context: ReplicaContext,
  sessionId: string,
  trigger: SnapshotTrigger,
  signal?: AbortSignal,
  name?: string,
): Promise<BackupInfo> {
  const { held, known } = await heldOwner(context, sessionId, signal)
  if (name !== undefined)
    assertFree(backupsOf(known.record), sessionId, name, unchanged(context, known.record))
  // Noted first: whatever is in earlier slots is durable here, and so in the snapshot.
  const { slot } = context.log.position
  const found = await snapshotFor(context, sessionId, held, known.record, trigger, signal)
  const snapshot = name === undefined ? found : named(found, sessionId, name)
  if (name !== undefined) assertFree(backupsOf(known.record), sessionId, name, backupId(found))
  await noteBase(context, sessionId, held)
  // What the snapshot holds is in the log too, or moments before it could not be brought back.
  if (held.complete) await context.log.shipped(sessionId, signal)
  const { before, after } = await changeHeld(
    context,
    sessionId,
    (record, stamp) => {
      const snapshots = superseding(context, record, snapshot)
      return foldOwner(record, held, snapshots, slot, stamp)
    },
    signal,
  )
  held.complete = true
  held.foldedAt = context.clock.monotonic()
  held.tailBytes = 0
  await noteStored(context, sessionId, held, snapshot.seq)
  context.log.settled(sessionId)
  await dropUnnamed(context, before, after, held.garbage)
  return backupInfo(sessionId, snapshot, true)
}

/** The id of the newest backup, where nothing has changed since. */
function unchanged(
  context: ReplicaContext,
  { session, snapshot }: OwnerRecord,
): string | undefined {
  const same = snapshot !== null && snapshot.seq === context.auth.find(session)?.seq
  return same ? backupId(snapshot) : undefined
}

export async function foldIfNewer(
  context: ReplicaContext,
  sessionId: string,
  trigger: SnapshotTrigger,
  signal?: AbortSignal,
): Promise<BackupInfo | undefined> {
  const { known } = await heldOwner(context, sessionId, signal)
  return isNewer(context, sessionId, known.record)
    ? fold(context, sessionId, trigger, signal)
    : undefined
}

/** True where local state is worth a snapshot: of a linked device, and beyond the newest one. */
export function isNewer(
  context: ReplicaContext,
  sessionId: string,
  { snapshot }: OwnerRecord,
): boolean {
  const local = context.auth.find(sessionId)
  return local?.paired === true && (snapshot === null || local.seq > snapshot.seq)
}

/** The committed state as a stored snapshot; where the newest one holds just that, the same again. */
export async function snapshotFor(
  context: ReplicaContext,
  sessionId: string,
  held: Held,
  record: OwnerRecord,
  trigger: SnapshotTrigger,
  signal?: AbortSignal,
): Promise<NewSnapshot> {
  if (context.auth.find(sessionId)?.paired !== true)
    throw new GatewayError({
      code: 'session.needs-pairing',
      subject: sessionId,
      message: `'${sessionId}' has no linked device, so there is nothing to store`,
      hint: `run \`wa-gateway session pair ${sessionId}\``,
    })
  const image = await context.auth.image(sessionId)
  const newest = record.snapshot
  if (newest !== null && newest.seq === image.seq && newest.hash === image.hash)
    return { ...newest, trigger: weightier(newest.trigger, trigger) }
  return storeSnapshot(context, image, held.epoch, trigger, signal)
}

/** State that was created under this very epoch carries no tag yet: it gets one before it is stored. */
export async function noteBase(
  context: Pick<ReplicaContext, 'auth'>,
  sessionId: string,
  { epoch, boot }: Held,
): Promise<void> {
  const local = context.auth.find(sessionId)
  if (local === undefined || local.tags.some((t) => t.epoch === epoch && t.boot === boot)) return
  await context.auth.tag(sessionId, { epoch, boot }, true)
}

export async function noteStored(
  context: ReplicaContext,
  sessionId: string,
  { epoch }: Held,
  seq: number | undefined,
): Promise<void> {
  const local = context.auth.find(sessionId)
  if (local === undefined) return
  await Promise.all([
    local.confirmedEpoch < epoch && context.auth.confirmEpoch(sessionId, epoch),
    seq !== undefined && seq > local.storedSeq && context.auth.confirmStored(sessionId, seq),
  ])
}

/** A snapshot that a person asked for stays one, whatever finds the same state again. */
function weightier(there: SnapshotTrigger, wanted: SnapshotTrigger): SnapshotTrigger {
  return wanted === 'manual' || wanted === 'before-restore' ? wanted : there
}
