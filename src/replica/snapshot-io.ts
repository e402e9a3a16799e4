import { giveBack } from '../authstate/give-back.ts'
import type { Inspection, SessionImage } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { ReplicaContext } from './context.ts'
import { epochOf, ownerName, sessionPrefix, snapshotName } from './names.ts'
import { damaged } from './object.ts'
import type { OwnerRecord, NewSnapshot } from './owner.ts'
import type { SnapshotTrigger } from './port.ts'
import { withKeys } from './sealer.ts'
import {
  decodeSnapshot,
  encodeSnapshot,
  inspectSnapshot,
  type ExpectedSnapshot,
  type Snapshot,
} from './snapshot.ts'
import { conditionalWrite, type SwapOutcome } from './swap.ts'

/** What is found in the way is looked at so often. */
const ATTEMPTS = 3

/**
 * Puts a snapshot object. It counts only once an owner record names it, so a put that fails or
 * lands late does no harm. Finding the same state there already is success: its ref is returned. What
 * is no whole object is replaced: nothing but this state belongs there.
 */
export async function storeSnapshot(
  context: ReplicaContext,
  image: SessionImage,
  epoch: number,
  trigger: SnapshotTrigger,
  signal?: AbortSignal,
): Promise<NewSnapshot> {
  const createdAt = context.clock.wall()
  const { seq, hash, changedAt, sessionId } = image
  const { name, bytes, keys } = await encodeSnapshot(
    image,
    { epoch, createdAt, trigger },
    context.sealer,
  )
  const made = { epoch, seq, hash, size: bytes.length, keys, createdAt, changedAt, trigger }
  let etag: string | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const outcome = await putWhole(context, name, bytes, etag, signal)
    if (outcome.kind === 'stored') return made
    const found = outcome.current
    etag = found?.etag
    // One that was there and is gone a moment later was swept away, since the epoch is over.
    if (found === undefined) continue
    const { length: size } = found.bytes
    const there = await foundThere(context, sessionId, { epoch, seq, hash }, found.bytes)
    if (there !== undefined) return { ...made, size, keys: there.keys, createdAt: there.createdAt }
  }
  throw missing(sessionId, name)
}

function putWhole(
  { store, clock, timing }: ReplicaContext,
  name: string,
  bytes: Uint8Array,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<SwapOutcome> {
  const isOwn = (found: Uint8Array): boolean => Buffer.compare(found, bytes) === 0
  return conditionalWrite(store, clock, timing, { name, bytes, etag, isOwn, signal })
}

/** Undefined where the object is no whole one; throws where it is one of another state. */
async function foundThere(
  context: ReplicaContext,
  sessionId: string,
  expected: ExpectedSnapshot,
  bytes: Uint8Array,
): Promise<Snapshot | undefined> {
  const { sealer } = context
  const name = snapshotName(sessionId, expected.epoch, expected.seq)
  try {
    await withKeys(sealer, () => sealer.open({ name, kind: 'snapshot', sessionId }, bytes))
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'replica.damaged') return undefined
    throw error
  }
  return decode(context, sessionId, expected, bytes)
}

/** Reads and verifies; throws `replica.damaged` where the object is missing or not what is named. */
export async function fetchSnapshot(
  context: ReplicaContext,
  sessionId: string,
  ref: ExpectedSnapshot,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const bytes = await fetchBytes(context, sessionId, ref, signal)
  const snapshot = await decode(context, sessionId, ref, bytes)
  // Where it is not encrypted, what came out of it are views.
  if (snapshot.image.packed?.buffer !== bytes.buffer) giveBack(bytes)
  return snapshot
}

/** The same without making anything of the keys; what there is to say of them. */
export async function lookIntoSnapshot(
  context: ReplicaContext,
  sessionId: string,
  ref: ExpectedSnapshot,
  signal?: AbortSignal,
): Promise<Inspection> {
  const { sealer, auth } = context
  const bytes = await fetchBytes(context, sessionId, ref, signal)
  const found = await withKeys(sealer, () =>
    inspectSnapshot(sessionId, ref, bytes, sealer, (packed) => auth.inspect(packed)),
  )
  giveBack(bytes)
  return found
}

async function fetchBytes(
  { store }: ReplicaContext,
  sessionId: string,
  ref: ExpectedSnapshot,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const name = snapshotName(sessionId, ref.epoch, ref.seq)
  const object = await store.get(name, signal && { signal })
  if (object === undefined) throw missing(sessionId, name)
  return object.bytes
}

/**
 * For a session without an owner record: what says that it had one, in words. A record is never
 * deleted, and comes before the first snapshot.
 */
export async function lostOwner(
  { store }: Pick<ReplicaContext, 'store'>,
  sessionId: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const prefix = sessionPrefix(sessionId)
  for await (const part of store.listParts(prefix, signal && { signal }))
    if (epochOf(part) !== undefined)
      return `the owner record of session '${sessionId}' is missing in the object store (${ownerName(sessionId)}), although there are snapshots of it`
  return undefined
}

function decode(
  { sealer }: ReplicaContext,
  sessionId: string,
  expected: ExpectedSnapshot,
  bytes: Uint8Array,
): Promise<Snapshot> {
  return withKeys(sealer, () => decodeSnapshot(sessionId, expected, bytes, sealer))
}

/** Deletes what `after` no longer names. What cannot be deleted now is left in `garbage`. */
export async function dropUnnamed(
  context: ReplicaContext,
  before: OwnerRecord,
  after: OwnerRecord,
  garbage: Set<string>,
): Promise<void> {
  const named = new Set(namesOf(after))
  for (const name of namesOf(before)) if (!named.has(name)) garbage.add(name)
  for (const name of garbage) {
    try {
      await context.store.remove(name)
    } catch (error) {
      // It costs space, nothing else: the next fold of this session tries again.
      if (error instanceof GatewayError && error.code.startsWith('store.')) return
      throw error
    }
    garbage.delete(name)
  }
}

function namesOf({ session, snapshot, kept }: OwnerRecord): string[] {
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  return refs.map(({ epoch, seq }) => snapshotName(session, epoch, seq))
}

function missing(sessionId: string, name: string): Error {
  return damaged({ name, kind: 'snapshot', sessionId }, 'it is missing')
}
