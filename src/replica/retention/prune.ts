import { GatewayError } from '../../session/errors.ts'
import { newStamp, type Held, type ReplicaContext } from '../context.ts'
import { backupId, ownerName, snapshotName } from '../names.ts'
import { readOwner, swapOwner } from '../owner-io.ts'
import { backupInfo, type KnownOwner, type OwnerRecord, type SnapshotRef } from '../owner.ts'
import type { PrunedBackup, PruneOptions, SessionPruned } from '../port.ts'
import { isUnreadable } from '../sealer.ts'
import { fetchSnapshot } from '../snapshot-io.ts'
import { holds, pruneOwner } from '../transitions.ts'
import { neededFor } from './needed.ts'
import { retain, type Judged, type Retention } from './retain.ts'
import { listSnapshots, sweepable, type StoredSnapshot } from './sweep.ts'

type Options = Omit<PruneOptions, 'sessionIds' | 'pauseMs'>

/** Races with claims: each round has a new record. */
const ROUNDS = 10

/**
 * Deletes what the policy does not keep of one session, and what nobody names: list, read the record,
 * let the record go of them, delete. Who stops in between leaves objects that nobody names, for the
 * next sweep. Before anything goes the newest snapshot is read, and older ones where it is damaged: a
 * session of which none can be read keeps all of them. The caller holds the session's lock.
 */
export async function pruneSession(
  context: ReplicaContext,
  sessionId: string,
  options: Options,
): Promise<SessionPruned> {
  for (let round = 0; round < ROUNDS; round++) {
    options.signal?.throwIfAborted()
    const listed = await listSnapshots(context, sessionId, options.signal)
    const known = await readOwner(context, sessionId, options.signal)
    if (known === undefined) return nothing(sessionId)
    const done = await pruneKnown(context, known, listed, options)
    if (done !== undefined) return done
  }
  throw new GatewayError({
    code: 'store.unavailable',
    subject: ownerName(sessionId),
    message: `the owner record of '${sessionId}' kept changing while it was pruned`,
  })
}

/** Undefined where another write came first. */
async function pruneKnown(
  context: ReplicaContext,
  known: KnownOwner,
  listed: readonly StoredSnapshot[],
  options: Options,
): Promise<SessionPruned | undefined> {
  const { record } = known
  // What is copied there next may lie behind this record, and `backup copy` prunes for itself.
  if (record.copied !== undefined && heldAs(context, record) === undefined)
    return tell(record, everything(record), [], COPY)
  const held = heldAs(context, record)
  const foreign = held === undefined && !record.released ? owned(record) : undefined
  const facts = foreign === undefined ? await damageOf(context, record, options) : 'unread'
  const retention = facts === 'unread' ? everything(record) : judge(context, record, facts, options)
  const next = remaining(record, retention)
  if (isChanged(record, next) && options.dryRun !== true) {
    if (!(await write(context, known, held, next, options.signal))) return undefined
  }
  const gone = sweepable({ ...record, ...next }, listed)
  if (options.dryRun !== true)
    for (const { name } of gone) await context.store.remove(name, signalOf(options))
  return tell(record, retention, gone, foreign ?? (facts === 'unread' ? UNREAD : undefined))
}

function judge(
  context: ReplicaContext,
  record: OwnerRecord,
  damaged: ReadonlySet<string>,
  { policy = context.keeping.retention, dropNamed = [] }: Options,
): Retention {
  const now = context.clock.wall()
  const needed = neededFor(record, now - context.keeping.pointInTimeMs)
  const facts = { now, damaged, needed, dropNamed: new Set(dropNamed) }
  return retain(refsOf(record), policy, facts)
}

/**
 * The snapshots that were found damaged, as far as the newest that is sound; reads nothing where
 * nothing would go. `unread` where none of them can be read.
 */
async function damageOf(
  context: ReplicaContext,
  record: OwnerRecord,
  options: Options,
): Promise<ReadonlySet<string> | 'unread'> {
  const damaged = new Set<string>()
  if (judge(context, record, damaged, options).dropped.length === 0) return damaged
  for (const ref of refsOf(record)) {
    try {
      await fetchSnapshot(context, record.session, ref, options.signal)
      return damaged
    } catch (error) {
      if (!isUnreadable(error)) throw error
      damaged.add(backupId(ref))
    }
  }
  return 'unread'
}

interface Remaining {
  snapshot: SnapshotRef | null
  kept: SnapshotRef[]
}

/** What the record goes on naming; a name that keeps nothing any more goes in any case. */
function remaining({ snapshot }: OwnerRecord, { kept }: Retention): Remaining {
  const refs = kept.map(({ ref, nameless }) => {
    if (nameless !== true) return ref
    const { name: _, ...rest } = ref
    return rest
  })
  const [first, ...others] = refs
  return snapshot === null
    ? { snapshot, kept: refs }
    : { snapshot: first ?? snapshot, kept: others }
}

function isChanged({ snapshot, kept }: OwnerRecord, next: Remaining): boolean {
  return (
    kept.length !== next.kept.length ||
    [snapshot, ...kept].some((ref, i) => ref?.name !== [next.snapshot, ...next.kept][i]?.name)
  )
}

async function write(
  context: ReplicaContext,
  known: KnownOwner,
  held: Held | undefined,
  next: Remaining,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const pruned = pruneOwner(known.record, held, next, newStamp(context))
  // Forgotten first: after an unknown outcome whoever comes next reads it anew.
  if (held !== undefined) held.owner = undefined
  const outcome = await swapOwner(context, pruned, known, signal)
  if (held !== undefined) held.owner = outcome.known
  return outcome.kind === 'stored'
}

function heldAs(context: ReplicaContext, record: OwnerRecord): Held | undefined {
  const held = context.held.get(record.session)
  return held !== undefined && holds(record, held) ? held : undefined
}

function refsOf({ snapshot, kept }: OwnerRecord): SnapshotRef[] {
  return snapshot === null ? kept : [snapshot, ...kept]
}

function everything(record: OwnerRecord): Retention {
  return { kept: refsOf(record).map((ref) => ({ ref, reasons: ['untouched'] })), dropped: [] }
}

const COPY = 'it is a copy of another store, which decides what is kept'
const UNREAD =
  'none of its backups can be read, so all of them stay: run `wa-gateway backup verify`'

function owned({ worker }: OwnerRecord): string {
  return `worker '${worker}' owns it: prune there, or release it first`
}

function tell(
  record: OwnerRecord,
  { kept, dropped }: Retention,
  gone: readonly StoredSnapshot[],
  detail: string | undefined,
): SessionPruned {
  const { session, snapshot } = record
  const told = ({ ref, reasons }: Judged): PrunedBackup => {
    const newest = snapshot !== null && ref.epoch === snapshot.epoch && ref.seq === snapshot.seq
    return { ...backupInfo(session, ref, newest), reasons }
  }
  const names = new Set(dropped.map(({ ref }) => snapshotName(session, ref.epoch, ref.seq)))
  return {
    sessionId: session,
    outcome:
      detail !== undefined ? 'skipped' : gone.length + dropped.length > 0 ? 'pruned' : 'nothing',
    kept: kept.map(told),
    dropped: dropped.map(told),
    leftovers: gone.filter(({ name }) => !names.has(name)).length,
    bytes: gone.reduce((sum, { size }) => sum + size, 0),
    ...(detail !== undefined && { detail }),
  }
}

function nothing(sessionId: string): SessionPruned {
  return { sessionId, outcome: 'nothing', kept: [], dropped: [], leftovers: 0, bytes: 0 }
}

function signalOf({ signal }: Options): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
