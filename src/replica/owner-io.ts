import { GatewayError } from '../session/errors.ts'
import type { StoredObject } from '../store/port.ts'
import { letGo, newStamp, requireHeld, type Held, type ReplicaContext } from './context.ts'
import { withoutOldPast } from './moments.ts'
import { ownerName } from './names.ts'
import { encodeOwner, parseOwner, type KnownOwner, type OwnerRecord } from './owner.ts'
import { withKeys } from './sealer.ts'
import { conditionalWrite } from './swap.ts'
import { holds, type Stamp } from './transitions.ts'

type SwapResult =
  | { kind: 'stored'; known: KnownOwner }
  | { kind: 'lost'; known: KnownOwner | undefined }

/** A conflict at one's own epoch means that an earlier write of ours landed late: few tries suffice. */
const TRIES = 5

export async function readOwner(
  context: ReplicaContext,
  sessionId: string,
  signal?: AbortSignal,
): Promise<KnownOwner | undefined> {
  const object = await context.store.get(ownerName(sessionId), signal && { signal })
  return known(context, sessionId, object)
}

/**
 * Replaces the record as it was last seen; `previous` undefined: there must be none. Each write lets
 * go of what no moment inside the window needs.
 */
export async function swapOwner(
  context: ReplicaContext,
  next: OwnerRecord,
  previous: KnownOwner | undefined,
  signal?: AbortSignal,
): Promise<SwapResult> {
  const record = withoutOldPast(next, next.at - context.keeping.pointInTimeMs)
  const { session, writeId } = record
  const outcome = await conditionalWrite(context.store, context.clock, context.timing, {
    name: ownerName(session),
    bytes: encodeOwner(record, context.sealer),
    etag: previous?.etag,
    isOwn: async (bytes) => (await parse(context, session, bytes)).writeId === writeId,
    signal,
  })
  return outcome.kind === 'stored'
    ? { kind: 'stored', known: { record, etag: outcome.etag } }
    : { kind: 'lost', known: await known(context, session, outcome.current) }
}

/** The held epoch's record: what is remembered of it, else a fresh read. */
export async function heldOwner(
  context: ReplicaContext,
  sessionId: string,
  signal?: AbortSignal,
): Promise<{ held: Held; known: KnownOwner }> {
  const held = requireHeld(context, sessionId)
  held.owner ??= await readOwner(context, sessionId, signal)
  if (held.owner !== undefined && holds(held.owner.record, held)) return { held, known: held.owner }
  throw lose(context, sessionId, held.owner)
}

/**
 * Writes a change to the record of a held epoch. Where the record turns out to name another epoch
 * or boot, the session is lost: listeners hear of it, and `replica.fenced` is thrown.
 */
export async function changeHeld(
  context: ReplicaContext,
  sessionId: string,
  change: (record: OwnerRecord, stamp: Stamp) => OwnerRecord,
  signal?: AbortSignal,
): Promise<{ before: OwnerRecord; after: OwnerRecord }> {
  for (let tries = 0; tries < TRIES; tries++) {
    const { held, known } = await heldOwner(context, sessionId, signal)
    const next = change(known.record, newStamp(context))
    held.owner = undefined
    const outcome = await swapOwner(context, next, known, signal)
    held.owner = outcome.known
    if (outcome.kind === 'stored') return { before: known.record, after: outcome.known.record }
    // Only this process ends its epoch: the write arrived, its reply did not, and backups went since.
    if (outcome.known !== undefined && wasEnded(next, outcome.known.record))
      return { before: known.record, after: outcome.known.record }
    if (outcome.known === undefined) throw lose(context, sessionId, undefined)
  }
  throw new GatewayError({
    code: 'store.unavailable',
    subject: ownerName(sessionId),
    message: `the owner record of '${sessionId}' kept changing while it was written`,
  })
}

function wasEnded(next: OwnerRecord, found: OwnerRecord): boolean {
  const { epoch, boot, seq, hash } = next
  const same = found.epoch === epoch && found.boot === boot && found.seq === seq
  return same && found.hash === hash && next.released && found.released && !found.removed
}

function lose(
  context: ReplicaContext,
  sessionId: string,
  owner: KnownOwner | undefined,
): GatewayError {
  const who =
    owner === undefined
      ? 'its owner record is gone'
      : `worker '${owner.record.worker}' owns it since epoch ${owner.record.epoch}`
  const error = new GatewayError({
    code: 'replica.fenced',
    subject: sessionId,
    message: `this worker lost '${sessionId}': ${who}`,
    hint: `stop it there first, or run \`wa-gateway recover --session ${sessionId} --take-over\``,
  })
  letGo(context, sessionId, error)
  context.onLost(sessionId, owner)
  return error
}

async function known(
  context: ReplicaContext,
  sessionId: string,
  object: StoredObject | undefined,
): Promise<KnownOwner | undefined> {
  if (object === undefined) return undefined
  return { record: await parse(context, sessionId, object.bytes), etag: object.etag }
}

function parse(
  { sealer }: ReplicaContext,
  sessionId: string,
  bytes: Uint8Array,
): Promise<OwnerRecord> {
  return withKeys(sealer, () => parseOwner(sessionId, bytes, sealer))
}
