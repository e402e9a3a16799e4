import { decodeLink } from '../../authstate/record.ts'
import { GatewayError } from '../../session/errors.ts'
import type { ReplicaContext } from '../context.ts'
import { slotName } from '../names.ts'
import { damaged } from '../object.ts'
import type { OwnerRecord } from '../owner.ts'
import type { ClosedRange } from '../past.ts'
import { isUnreadable } from '../sealer.ts'
import type { StateEnd } from '../transitions.ts'
import type { LogEntry } from './bundle.ts'
import { readLow } from './low.ts'
import { missing, type Slot, type SlotReader } from './slots.ts'

/** Slots that are fetched together. */
const AHEAD = 16

type TailContext = Pick<ReplicaContext, 'store' | 'sealer'> & { slots: SlotReader }

/** What of a session's history lies in the log. */
export interface Tail {
  /** Records that follow on the base, oldest first, in buffers of their own. */
  records: Uint8Array[]
  end: StateEnd
}

/**
 * Rule 7: the changes of a session that follow on `base`, from its closed ranges, chained by seq and
 * hash. Repeated ones are passed over. Throws `replica.damaged` naming session and object where a
 * bundle is missing or unsound, or the chain has a gap or a fork: it is damage only if the owner
 * record is still the same then.
 */
export async function readTail(
  context: TailContext,
  { session, origin }: Pick<OwnerRecord, 'session' | 'origin'>,
  ranges: readonly ClosedRange[],
  base: StateEnd,
  signal?: AbortSignal,
): Promise<Tail> {
  const records: Uint8Array[] = []
  const hashes = new Map([[base.seq, base.hash]])
  let end = base
  for await (const { name, entry } of entriesOf(context, session, ranges, signal)) {
    // What a boot still had under way when the history began anew is of the history before.
    if (entry.epoch < (origin?.epoch ?? 0) || entry.seq < base.seq) continue
    const address = { name, kind: 'bundle', sessionId: session } as const
    const link = linkOf(session, name, entry)
    if (entry.seq <= end.seq) {
      if (hashes.get(entry.seq) === link.hash) continue
      throw damaged(address, `it has another change ${entry.seq} than the log before it`)
    }
    if (entry.seq > end.seq + 1)
      throw damaged(
        address,
        `it goes on at change ${entry.seq}, the log before it ends at ${end.seq}`,
      )
    if (link.previous !== end.hash)
      throw damaged(address, `its change ${entry.seq} does not follow on the one before`)
    end = { seq: link.seq, hash: link.hash }
    hashes.set(end.seq, end.hash)
    records.push(Uint8Array.from(entry.record))
  }
  return { records, end }
}

/** The newest change of a session in its closed ranges; undefined where they hold none of it. */
export async function lastOf(
  context: TailContext,
  session: string,
  ranges: readonly ClosedRange[],
  signal?: AbortSignal,
): Promise<StateEnd | undefined> {
  let last: StateEnd | undefined
  for await (const { name, entry } of entriesOf(context, session, ranges, signal)) {
    if (entry.seq <= (last?.seq ?? 0)) continue
    const { seq, hash } = linkOf(session, name, entry)
    last = { seq, hash }
  }
  return last
}

/** Where a change stands in its chain, and when it was made. */
export type Link = ReturnType<typeof decodeLink>

interface Found {
  name: string
  entry: LogEntry
}

/** What the ranges hold of a session, in order, with the object that holds it. */
export async function* entriesOf(
  context: TailContext,
  session: string,
  ranges: readonly ClosedRange[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Found> {
  for (const range of ranges) {
    for (let from = range.from; from < range.to; from += AHEAD) {
      signal?.throwIfAborted()
      const wanted: number[] = []
      for (let slot = from; slot < Math.min(from + AHEAD, range.to); slot++)
        if (!context.slots.lacks(range, slot, session)) wanted.push(slot)
      const reads = await Promise.all(wanted.map((slot) => present(context, session, range, slot)))
      for (const [index, slot] of reads.entries()) {
        if (slot?.kind !== 'bundle') continue
        const name = slotName(range, wanted[index] ?? 0)
        for (const entry of slot.sessions.get(session) ?? []) yield { name, entry }
      }
    }
  }
}

/** What stands in the slot; undefined where it was collected, being of no use to any session. */
async function present(
  context: TailContext,
  sessionId: string,
  range: ClosedRange,
  number: number,
): Promise<Slot | undefined> {
  try {
    const slot = await context.slots.read(range, number)
    if (slot !== undefined || (await readLow(context, range)).low > number) return slot
  } catch (error) {
    throw inLogOf(sessionId, error)
  }
  throw missing(range, number, sessionId)
}

/** Damage to a worker's log, said of the session that cannot be read for it. */
export function inLogOf(sessionId: string, error: unknown): unknown {
  if (!isUnreadable(error)) return error
  return new GatewayError({
    code: error.code,
    subject: error.subject,
    message: `the log of session '${sessionId}' cannot be read: ${error.message}`,
    hint: `run \`wa-gateway backup list --session ${sessionId}\` to see what else is kept`,
    cause: error,
  })
}

/** Throws `replica.damaged` where the entry is not sound. */
export function linkOf(
  sessionId: string,
  name: string,
  entry: Pick<LogEntry, 'seq' | 'record'>,
): Link {
  const address = { name, kind: 'bundle', sessionId } as const
  let link: Link
  try {
    link = decodeLink(entry.record)
  } catch (error) {
    throw damaged(address, `its change ${entry.seq} is not sound`, error)
  }
  if (link.seq !== entry.seq)
    throw damaged(address, `its change ${entry.seq} says that it is change ${link.seq}`)
  return link
}
