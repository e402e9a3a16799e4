import type { SessionImage } from '../authstate/port.ts'
import type { ReplicaContext } from './context.ts'
import { replay } from './log/replay.ts'
import type { Tail } from './log/tail.ts'
import type { OwnerRecord } from './owner.ts'
import type { ClosedRange } from './past.ts'
import { fetchSnapshot } from './snapshot-io.ts'
import { stored } from './survey.ts'

/** Snapshot and log as one state; undefined where no phone was linked in it yet. */
export async function restored(
  context: ReplicaContext,
  record: OwnerRecord,
  closed: ClosedRange[],
  read: Tail | undefined,
  signal: AbortSignal | undefined,
): Promise<SessionImage | undefined> {
  const { session, snapshot } = record
  const base = snapshot && (await fetchSnapshot(context, session, snapshot, signal)).image
  const tail = read ?? (await stored(context, record, closed, signal))
  if (tail === undefined) return undefined
  const image = replay(session, base ?? undefined, tail)
  return context.auth.isPaired(image) ? image : undefined
}
