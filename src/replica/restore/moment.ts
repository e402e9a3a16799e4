import type { SessionImage } from '../../authstate/port.ts'
import { GatewayError } from '../../session/errors.ts'
import type { ReplicaContext } from '../context.ts'
import { readLow } from '../log/low.ts'
import { replay } from '../log/replay.ts'
import { entriesOf, linkOf, type Link } from '../log/tail.ts'
import { exactSince, inForceAt, type Base, type InForce } from '../moments.ts'
import { damaged } from '../object.ts'
import type { LogRange, OwnerRecord, SnapshotRef } from '../owner.ts'
import { lineFrom, type ClosedRange } from '../past.ts'
import { fetchSnapshot } from '../snapshot-io.ts'
import type { StateEnd } from '../transitions.ts'

/** A session as it was at some moment. */
export interface Moment {
  image: SessionImage
  /** The backup that it begins from; absent where the log tells it from the pairing on. */
  base?: SnapshotRef
  /** Changes of the log that were replayed on it. */
  replayed: number
}

/** Slots of an open range that are looked at together. */
const AHEAD = 16

/**
 * The state after the last change that was made at `at` or before, in milliseconds since the epoch.
 * Reads only, and throws `replica.missing` where no base goes back as far or the log between is gone,
 * `replica.damaged` where what should tell it cannot be read.
 */
export async function readMoment(
  context: ReplicaContext,
  record: OwnerRecord,
  at: number,
  signal?: AbortSignal,
): Promise<Moment> {
  const { session } = record
  const inForce = inForceAt(record, at)
  const { base } = inForce
  if (base === undefined) throw tooEarly(context, record, at)
  const { snapshot } = base
  const image =
    snapshot === undefined
      ? undefined
      : (await fetchSnapshot(context, session, snapshot, signal)).image
  const records = await changesUntil(context, record, { ...inForce, base }, at, signal)
  const end = records.end
  const moment = replay(session, image, { records: records.list, end })
  return { image: moment, ...(snapshot && { base: snapshot }), replayed: records.list.length }
}

interface Changes {
  list: Uint8Array[]
  end: StateEnd
}

/** Chained by seq and hash, up to the first that was made later. */
async function changesUntil(
  context: ReplicaContext,
  record: OwnerRecord,
  { history, base, next }: InForce & { base: Base },
  at: number,
  signal: AbortSignal | undefined,
): Promise<Changes> {
  const { session } = record
  const chain = new Chain(session, base)
  const ranges = await closed(context, lineFrom(record, base.position))
  const slots = { ...context, slots: context.log.slots }
  for await (const { name, entry } of entriesOf(slots, session, ranges, signal)) {
    if (entry.epoch < history.epoch || entry.seq < base.seq) continue
    if (next !== undefined && entry.epoch >= next.epoch) break
    const link = linkOf(session, name, entry)
    if (chain.follows(name, link) && link.at > at) return chain
    chain.add(link, entry.record)
  }
  if (next === undefined)
    for (const one of unstored(context, chain)) {
      if (one.at > at) return chain
      chain.add(one, one.record)
    }
  const newest = next === undefined ? record.seq : 0
  const later = Math.max(newest, ...history.bases.map(({ seq }) => seq))
  if (later > chain.end.seq) throw gap(record, at, chain.end.seq, later)
  return chain
}

class Chain implements Changes {
  readonly session: string
  readonly list: Uint8Array[] = []
  readonly #hashes: Map<number, string>
  end: StateEnd

  constructor(session: string, { seq, hash }: Base) {
    this.session = session
    this.end = { seq, hash }
    this.#hashes = new Map([[seq, hash]])
  }

  /** False for one that is there already; throws `replica.damaged` for any other that does not fit. */
  follows(name: string, { seq, previous, hash }: Link): boolean {
    const { session: sessionId, end } = this
    const address = { name, kind: 'bundle', sessionId } as const
    if (this.#hashes.get(seq) === hash) return false
    if (seq <= end.seq)
      throw damaged(address, `it has another change ${seq} than the log before it`)
    if (seq > end.seq + 1)
      throw damaged(address, `it goes on at change ${seq}, the log before it ends at ${end.seq}`)
    if (previous !== end.hash)
      throw damaged(address, `its change ${seq} does not follow on the one before`)
    return true
  }

  add({ seq, hash }: Link, record: Uint8Array): void {
    if (this.#hashes.has(seq)) return
    this.end = { seq, hash }
    this.#hashes.set(seq, hash)
    this.list.push(Uint8Array.from(record))
  }
}

/** What this disk has behind the stored end, of the very same history. */
function unstored(
  { auth }: ReplicaContext,
  { session, end }: Chain,
): (Link & { record: Uint8Array })[] {
  const local = auth.find(session)
  if (local === undefined || local.storedSeq > end.seq) return []
  if (auth.hashAt(session, end.seq) !== end.hash) return []
  return auth
    .journal(session, end.seq, Infinity)
    .map(({ seq, record }) => ({ ...linkOf(session, 'journal', { seq, record }), record }))
}

/** Open ranges up to where their logs have something. */
async function closed(
  context: ReplicaContext,
  ranges: readonly LogRange[],
): Promise<ClosedRange[]> {
  const found: ClosedRange[] = []
  for (const range of ranges)
    found.push({ ...range, to: range.to ?? (await endOf(context, range)) })
  return found
}

async function endOf(context: ReplicaContext, range: LogRange): Promise<number> {
  const { slots } = context.log
  for (let from = range.from; ;) {
    const slot = from
    const reads = Array.from({ length: AHEAD }, (_, i) => slots.read(range, slot + i))
    const index = (await Promise.all(reads)).findIndex((found) => found?.kind !== 'bundle')
    if (index < 0) {
      from += AHEAD
      continue
    }
    const { low } = await readLow(context, range)
    if (low <= slot + index) return slot + index
    from = low
  }
}

function tooEarly(context: ReplicaContext, record: OwnerRecord, at: number): GatewayError {
  const { session } = record
  const since = exactSince(record, context.clock.wall() - context.keeping.pointInTimeMs)
  const exact =
    since === undefined || since <= at
      ? 'nothing that is kept tells what it was then'
      : `every moment since ${new Date(since).toISOString()} can`
  return new GatewayError({
    code: 'replica.missing',
    subject: session,
    message: `'${session}' cannot be brought back to ${new Date(at).toISOString()}: ${exact}`,
    hint: `give a later time, or a backup of \`wa-gateway backup list --session ${session}\``,
  })
}

function gap(record: OwnerRecord, at: number, end: number, later: number): GatewayError {
  const { session } = record
  return new GatewayError({
    code: 'replica.missing',
    subject: session,
    message: `'${session}' cannot be brought back to ${new Date(at).toISOString()}: the log between its changes ${end} and ${later} is gone`,
    hint: `go back to a backup of \`wa-gateway backup list --session ${session}\` instead`,
  })
}
