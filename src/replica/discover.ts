import PQueue from 'p-queue'
import { isSessionId } from '../session/ids.ts'
import type { ReplicaContext } from './context.ts'
import { SESSIONS } from './names.ts'
import { readOwner } from './owner-io.ts'
import { isUnreadable } from './sealer.ts'

const CONCURRENCY = 32

/**
 * Ids of sessions whose last owner was a worker of this name, ascending. A session whose record is
 * damaged, or whose key is not known, is listed too: recovering it tells what is wrong, and leaving it out would hide it.
 */
export async function discover(context: ReplicaContext): Promise<string[]> {
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const found: string[] = []
  const reads: Promise<void>[] = []
  for await (const id of context.store.listParts(SESSIONS)) {
    if (!isSessionId(id)) continue
    await queue.onSizeLessThan(CONCURRENCY)
    reads.push(
      queue.add(async () => {
        if (await isOurs(context, id)) found.push(id)
      }),
    )
  }
  await Promise.all(reads)
  return found.toSorted()
}

async function isOurs(context: ReplicaContext, id: string): Promise<boolean> {
  try {
    const known = await readOwner(context, id)
    return known !== undefined && !known.record.removed && known.record.worker === context.worker
  } catch (error) {
    if (isUnreadable(error)) return true
    throw error
  }
}

/** Those that the store has, and those of which only this disk knows that it had them; ascending. */
export async function stored(
  { store, auth }: Pick<ReplicaContext, 'store' | 'auth'>,
  signal?: AbortSignal,
): Promise<string[]> {
  const ids = new Set(
    auth.list().flatMap(({ sessionId, confirmedEpoch }) => (confirmedEpoch > 0 ? sessionId : [])),
  )
  for await (const id of store.listParts(SESSIONS, signal && { signal }))
    if (isSessionId(id)) ids.add(id)
  return [...ids].toSorted()
}
