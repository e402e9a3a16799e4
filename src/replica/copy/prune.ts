import {
  bootPrefix,
  ownerName,
  sessionPrefix,
  slotName,
  slotOf,
  snapshotName,
  type BootId,
} from '../names.ts'
import { parseOwner } from '../owner.ts'
import { withKeys } from '../sealer.ts'
import { snapshotsOf } from './session.ts'
import { within, type CopyContext } from './site.ts'

/** Deletes the snapshots of a session at the destination that its record there does not name. */
export async function pruneSession(context: CopyContext, sessionId: string): Promise<number> {
  const { store, sealer } = context.to
  const listed: string[] = []
  for await (const { name } of store.list(sessionPrefix(sessionId), within(context)))
    if (name !== ownerName(sessionId)) listed.push(name)
  // Read after the list: what is put meanwhile is not in it.
  const object = await store.get(ownerName(sessionId), within(context))
  if (object === undefined) return 0
  const record = await withKeys(sealer, () => parseOwner(sessionId, object.bytes, sealer))
  if (record.copied === undefined) return 0
  const named = new Set(
    snapshotsOf(record).map(({ epoch, seq }) => snapshotName(sessionId, epoch, seq)),
  )
  const unnamed = listed.filter((name) => !named.has(name))
  for (const name of unnamed) await store.remove(name, within(context))
  return unnamed.length
}

/** Deletes the bundles at the destination that `low` says are of no use. */
export async function pruneLog(context: CopyContext, boot: BootId, low: number): Promise<number> {
  const { store } = context.to
  const prefix = bootPrefix(boot)
  let removed = 0
  if (low === 0) return removed
  for await (const { name } of store.list(prefix, within(context))) {
    const slot = slotOf(name.slice(prefix.length))
    if (slot === undefined || slot >= low) continue
    await store.remove(slotName(boot, slot), within(context))
    removed++
  }
  return removed
}
