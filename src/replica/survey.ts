import { GatewayError } from '../session/errors.ts'
import type { ReplicaContext } from './context.ts'
import { isTagged, type LogEvidence } from './evidence.ts'
import { inLogOf, lastOf, readTail, type Tail } from './log/tail.ts'
import type { KnownOwner, OwnerRecord } from './owner.ts'
import type { ClosedRange } from './past.ts'
import { isUnreadable } from './sealer.ts'
import type { StateEnd } from './transitions.ts'

/**
 * Rule 5 (a): every open range ends at its fence, or, where it is this process' own log, at the next
 * slot. Empty ranges are left out. Must not be called before the session may be taken.
 */
export async function closeRanges(
  context: ReplicaContext,
  { session, ranges }: OwnerRecord,
  here: { boot: string; slot: number },
): Promise<ClosedRange[]> {
  const closed: ClosedRange[] = []
  for (const range of ranges) {
    const to = range.to ?? (await endOf(context, session, range, here))
    if (to > range.from) closed.push({ ...range, to })
  }
  return closed
}

async function endOf(
  context: ReplicaContext,
  session: string,
  range: OwnerRecord['ranges'][number],
  here: { boot: string; slot: number },
): Promise<number> {
  if (range.boot === here.boot) return here.slot
  try {
    return await context.log.fence(range, range.from)
  } catch (error) {
    throw inLogOf(session, error)
  }
}

/** The same for going back: what is damaged there is not followed any more. */
export async function closeDamaged(
  context: ReplicaContext,
  record: OwnerRecord,
  here: { boot: string; slot: number },
): Promise<ClosedRange[]> {
  try {
    return await closeRanges(context, record, here)
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
  const behind = async (range: OwnerRecord['ranges'][number]): Promise<ClosedRange> => {
    const { boot, from } = range
    if (range.to !== null) return { ...range, to: range.to }
    const to = boot === here.boot ? here.slot : await context.log.fenceBehind(range, from)
    return { ...range, to }
  }
  return Promise.all(record.ranges.map(behind))
}

/** How much of the log was read, and what it says. */
export interface Survey extends LogEvidence {
  /** What follows on the snapshot, where that was read. */
  tail?: Tail
}

/**
 * Reads as much of the log as it takes to tell where the stored history ends. After a release the
 * record says it. Where local state is of the record's epoch, all that was ever shipped from here is
 * in it, except what a rolled back disk has forgotten: that lies at or beyond the boot's next slot.
 */
export async function survey(
  context: ReplicaContext,
  { record }: KnownOwner,
  ranges: readonly ClosedRange[],
  signal?: AbortSignal,
): Promise<Survey> {
  const { session } = record
  const local = context.auth.find(session)
  if (local?.paired !== true || record.removed || record.released)
    return { end: endOfRecord(record) }
  if (!isTagged(context, record)) {
    const tail = await stored(context, record, ranges, signal)
    return tail === undefined ? { end: endOfRecord(record) } : { end: tail.end, tail }
  }
  const recent = ranges.flatMap((range) => {
    if (range.boot !== record.boot) return []
    const from = Math.max(range.from, context.auth.nextSlot(range.boot))
    return from < range.to ? [{ ...range, from }] : []
  })
  const last = await lastOf({ ...context, slots: context.log.slots }, session, recent, signal)
  const confirmed = confirmedEnd(context, session)
  return { end: newest(record, confirmed, last) }
}

/** What the log holds beyond the snapshot; undefined where the log alone tells nothing. */
export async function stored(
  context: ReplicaContext,
  record: OwnerRecord,
  ranges: readonly ClosedRange[],
  signal?: AbortSignal,
): Promise<Tail | undefined> {
  const base = record.snapshot ?? record.origin
  if (base === null) return undefined
  const { seq, hash } = base
  const slots = { ...context, slots: context.log.slots }
  const tail = await readTail(slots, record, ranges, { seq, hash }, signal)
  if (tail.end.seq >= record.seq || ranges.length === 0) return tail
  throw new GatewayError({
    code: 'replica.damaged',
    subject: record.session,
    message: `the stored history of '${record.session}' ends at seq ${tail.end.seq}, although its owner record knows of seq ${record.seq}`,
    hint: `run \`wa-gateway backup list --session ${record.session}\` to see what else is kept`,
  })
}

/** Where the part of the local history ends that the store confirmed. */
function confirmedEnd({ auth }: ReplicaContext, session: string): StateEnd | undefined {
  const seq = auth.find(session)?.storedSeq ?? 0
  const hash = auth.hashAt(session, seq)
  return hash === undefined ? undefined : { seq, hash }
}

function newest(first: StateEnd, ...others: (StateEnd | undefined)[]): StateEnd {
  let { seq, hash } = first
  for (const other of others) if (other !== undefined && other.seq > seq) ({ seq, hash } = other)
  return { seq, hash }
}

function endOfRecord({ seq, hash }: OwnerRecord): StateEnd {
  return { seq, hash }
}
