import { GatewayError } from '../session/errors.ts'
import type { ReplicaContext } from './context.ts'
import { readLow } from './log/low.ts'
import { readOwner } from './owner-io.ts'
import type { LogRange, OwnerRecord } from './owner.ts'
import type { ClosedRange } from './past.ts'
import type { StoredState } from './port.ts'
import { isUnreadable } from './sealer.ts'
import { restored } from './restored.ts'

/** Reads that begin again because the owner record changed meanwhile. */
const ROUNDS = 5

/**
 * Brings together what is stored of a session as a recovery does, by the same code, and claims and
 * fences nothing: the log of an owner that is alive is read up to where it ends now. Undefined where
 * the store does not know the session. Throws `replica.damaged` as the recovery would.
 */
export async function readNewest(
  context: ReplicaContext,
  sessionId: string,
  signal?: AbortSignal,
): Promise<StoredState | undefined> {
  for (let round = 1; ; round++) {
    const known = await readOwner(context, sessionId, signal)
    if (known === undefined || known.record.removed) return undefined
    const { record, etag } = known
    try {
      const closed = await upToNow(context, record, signal)
      const image = await restored(context, record, closed, undefined, signal)
      const { epoch, worker, snapshot } = record
      return { epoch, worker, image, bytes: snapshot?.size ?? 0 }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      // Rule 7: it is damage only where the record still says the same.
      const now = await readOwner(context, sessionId, signal)
      if (now?.etag === etag) throw error
      if (round === ROUNDS) throw changing(sessionId)
    }
  }
}

/** An open range ends where nothing has been written yet, or at its fence. */
async function upToNow(
  context: ReplicaContext,
  { ranges }: OwnerRecord,
  signal: AbortSignal | undefined,
): Promise<ClosedRange[]> {
  const closed: ClosedRange[] = []
  for (const range of ranges)
    closed.push({ ...range, to: range.to ?? (await endOf(context, range, signal)) })
  return closed
}

async function endOf(
  context: ReplicaContext,
  range: LogRange,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { low } = await readLow(context, range, signal && { signal })
  for (let slot = Math.max(range.from, low); ; slot++) {
    signal?.throwIfAborted()
    const found = await context.log.slots.read(range, slot)
    if (found?.kind !== 'bundle') return slot
  }
}

function changing(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: `the owner record of '${sessionId}' changed each time while it was read`,
    hint: 'try again',
  })
}
