import type { ReplicaContext } from '../context.ts'
import {
  aliveName,
  bootPrefix,
  slotName,
  slotOf,
  workerOf,
  workerPart,
  workerPrefix,
  WORKERS,
  type BootId,
} from '../names.ts'
import { firstNeeded } from '../moments.ts'
import { readOwner } from '../owner-io.ts'
import type { OwnerRecord } from '../owner.ts'
import { positionOf, startOfRanges } from '../past.ts'
import type { RequestOptions } from '../../store/port.ts'
import type { LogEntry } from './bundle.ts'
import { readLow, swapLow } from './low.ts'

/** Bundles that are looked at together. */
const BATCH = 32
/** Slots that one round walks in one boot's log: the rest comes in the next. */
const MOST = 10_000

type Mentions = ReadonlyMap<string, readonly LogEntry[]>

/** What one round of a process leaves for its next. */
export interface Collected {
  /** Boots whose whole log is gone. */
  ended: Set<string>
  /** The `alive` counters of other workers' boots as they were. */
  counters: Map<string, string>
}

/**
 * Rule 11: removes the bundles that no session needs any more and that are older than the window for
 * going back. `low` is raised first, so that a reader who misses a bundle knows why. It does not
 * matter who does it, so that the logs of workers that are gone for good go too: each sees to the
 * boots of its own name, and to those of others whose counter has not moved since its last round.
 * Returns how many were removed.
 */
export async function collectGarbage(
  context: ReplicaContext,
  before: Collected,
  options: RequestOptions,
): Promise<number> {
  const { store } = context
  let removed = 0
  for await (const part of store.listParts(WORKERS, options)) {
    // A name that was too long to be kept whole is left to its own workers.
    const worker = part === workerPart(context.worker) ? context.worker : workerOf(part)
    if (worker === undefined) continue
    for await (const boot of store.listParts(workerPrefix(worker), options)) {
      if (before.ended.has(boot)) continue
      if (
        worker !== context.worker &&
        !(await isSilent(context, { worker, boot }, before, options))
      )
        continue
      removed += await collectBoot(context, { worker, boot }, before.ended, options)
    }
  }
  return removed
}

async function isSilent(
  { store }: ReplicaContext,
  { worker, boot }: BootId,
  { counters }: Collected,
  options: RequestOptions,
): Promise<boolean> {
  const object = await store.get(aliveName(worker, boot), options)
  const counter = object === undefined ? '' : Buffer.from(object.bytes).toString('base64')
  const silent = counters.get(boot) === counter
  counters.set(boot, counter)
  return silent
}

async function collectBoot(
  context: ReplicaContext,
  boot: BootId,
  ended: Set<string>,
  options: RequestOptions,
): Promise<number> {
  const known = await readLow(context, boot, options)
  const low = await reach(context, boot, known.low, ended, options)
  if (low > known.low && !(await swapLow(context, boot, low, known, options))) return 0
  return sweep(context, boot, low, options)
}

/** The first slot that must stay. */
async function reach(
  context: ReplicaContext,
  boot: BootId,
  low: number,
  ended: Set<string>,
  options: RequestOptions,
): Promise<number> {
  const windowStart = context.clock.wall() - context.keeping.pointInTimeMs
  for (let slot = low; slot < low + MOST;) {
    options.signal?.throwIfAborted()
    const old = await oldBundles(context, boot, slot, ended, windowStart)
    const owners = ownersFor(context, options.signal)
    for (const sessions of old) {
      for (const [session, entries] of sessions)
        if (isNeeded(await owners(session), boot, slot, entries, windowStart)) return slot
      slot++
    }
    if (old.length < BATCH) return slot
  }
  return low + MOST
}

/** The next few bundles that are old enough, up to the first slot with anything else. */
async function oldBundles(
  context: ReplicaContext,
  boot: BootId,
  from: number,
  ended: Set<string>,
  windowStart: number,
): Promise<Mentions[]> {
  const old: Mentions[] = []
  for (let slot = from; slot < from + BATCH; slot++) {
    const found = await context.log.slots.read(boot, slot)
    if (found?.kind === 'fence') ended.add(boot.boot)
    if (found?.kind !== 'bundle') break
    if (found.at > windowStart) break
    old.push(found.sessions)
  }
  return old
}

/**
 * Each owner record is read once for the bundles at hand, and after them: one that is older than a
 * bundle says nothing of it.
 */
function ownersFor(
  context: ReplicaContext,
  signal: AbortSignal | undefined,
): (session: string) => Promise<OwnerRecord | undefined> {
  const owners = new Map<string, Promise<OwnerRecord | undefined>>()
  return (session) => {
    const reading =
      owners.get(session) ?? readOwner(context, session, signal).then((known) => known?.record)
    owners.set(session, reading)
    return reading
  }
}

/**
 * A bundle is needed while the session's log from its oldest needed base on lies in it. Without a
 * record it cannot be told, so the bundle stays.
 */
function isNeeded(
  owner: OwnerRecord | undefined,
  { boot }: BootId,
  slot: number,
  entries: readonly LogEntry[],
  windowStart: number,
): boolean {
  if (owner === undefined) return true
  const position = positionOf(owner, boot, slot)
  if (position === undefined) return false
  const base = firstNeeded(owner, windowStart)
  const newest = Math.max(...entries.map(({ seq }) => seq))
  if (base === undefined) return position >= startOfRanges(owner)
  return position >= base.position && newest > base.seq
}

/** Ascending, and what an earlier round left. Fences stay for ever, wherever they are. */
async function sweep(
  context: ReplicaContext,
  boot: BootId,
  low: number,
  options: RequestOptions,
): Promise<number> {
  if (low === 0) return 0
  let removed = 0
  for await (const { name } of context.store.list(bootPrefix(boot), options)) {
    const slot = slotOf(name.slice(bootPrefix(boot).length))
    if (slot === undefined || slot >= low) continue
    if ((await context.log.slots.read(boot, slot))?.kind !== 'bundle') continue
    await context.store.remove(slotName(boot, slot), options)
    removed++
  }
  return removed
}
