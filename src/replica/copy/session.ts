import { isDeepStrictEqual } from 'node:util'
import { GatewayError } from '../../session/errors.ts'
import { bootPrefix, ownerName, sessionPrefix, snapshotName } from '../names.ts'
import { damaged, readHead } from '../object.ts'
import { encodeOwner, parseOwner, type KnownOwner, type OwnerRecord } from '../owner.ts'
import { isUnreadable, withKeys } from '../sealer.ts'
import { conditionalWrite } from '../swap.ts'
import { lineageOf, type Lineage } from './lineage.ts'
import type { LogCopier } from './logs.ts'
import { carry, within, type CopyContext, type Site } from './site.ts'

/** Reads that begin again because the record changed while what it names was copied. */
const ROUNDS = 20

/** `nothing`: the source has no record of it. `newer`, `used`: left as it is (lineage.ts). */
export interface CopiedSession {
  outcome: 'copied' | 'same' | 'nothing' | Extract<Lineage, 'newer' | 'used'>
  epoch?: number
  seq?: number
  /** Whether the source says that the session was removed. */
  removed?: boolean
}

/**
 * Copies one session while its owner goes on writing, as a base backup is taken of a database:
 * everything that the record names first, the record last. An open range is closed where the log
 * ended when it was copied, so that the copy is of one moment, whatever is copied later: the record
 * was still the same afterwards, so all that the log said up to there belongs to it. A run that is
 * cut short leaves the earlier copy.
 */
export async function copySession(
  context: CopyContext,
  logs: LogCopier,
  sessionId: string,
): Promise<CopiedSession> {
  const { from, to, clock } = context
  for (let round = 0; round < ROUNDS; round++) {
    context.signal?.throwIfAborted()
    const known = await read(context, from, sessionId)
    if (known === undefined) return { outcome: 'nothing' }
    const { record } = known
    const { epoch, seq, removed } = record
    const there = await read(context, to, sessionId)
    const lineage = lineageOf(record, there?.record, await knowsBoot(context, there?.record))
    if (lineage === 'newer' || lineage === 'used') return { outcome: lineage, epoch, seq, removed }
    await copySnapshots(context, record)
    const ranges = await copyRanges(logs, record)
    const now = await from.store.get(ownerName(sessionId), within(context))
    if (now?.etag !== known.etag) continue
    const next = { ...record, ranges, copied: clock.wall() }
    if (there !== undefined && isCopyOf(there.record, next))
      return { outcome: 'same', epoch, seq, removed }
    if (await put(context, next, there)) return { outcome: 'copied', epoch, seq, removed }
  }
  throw new GatewayError({
    code: 'session.busy',
    subject: ownerName(sessionId),
    message: `the owner record of '${sessionId}' changed each time while it was copied`,
  })
}

async function read(
  context: CopyContext,
  { store, sealer }: Site,
  sessionId: string,
): Promise<KnownOwner | undefined> {
  const object = await store.get(ownerName(sessionId), within(context))
  if (object === undefined) return undefined
  const { bytes, etag } = object
  try {
    return { record: await withKeys(sealer, () => parseOwner(sessionId, bytes, sealer)), etag }
  } catch (error) {
    if (isUnreadable(error) && store === context.to.store) throw atDestination(store.label, error)
    throw error
  }
}

/** Every boot has an object there from its first moment; what is copied knows it by its log. */
async function knowsBoot(context: CopyContext, there: OwnerRecord | undefined): Promise<boolean> {
  if (there === undefined) return false
  const { store } = context.from
  for await (const _ of store.list(bootPrefix(there), within(context))) return true
  return false
}

async function copySnapshots(context: CopyContext, record: OwnerRecord): Promise<void> {
  const { from, to, trustNames } = context
  const { session: sessionId } = record
  const there = new Map<string, number>()
  for await (const { name, size } of to.store.list(sessionPrefix(sessionId), within(context)))
    there.set(name, size)
  for (const ref of snapshotsOf(record)) {
    const name = snapshotName(sessionId, ref.epoch, ref.seq)
    if (trustNames && there.has(name)) continue
    const object = await from.store.get(name, within(context))
    const address = { name, kind: 'snapshot', sessionId } as const
    if (object === undefined) {
      const now = await from.store.get(ownerName(sessionId), within(context))
      if (now === undefined) continue
      const again = parseOwner(sessionId, now.bytes, from.sealer)
      if (again.writeId !== record.writeId) return
      throw damaged(address, 'it is missing')
    }
    await carry(context, address, object.bytes)
  }
}

/**
 * Copies the log, past and present; the ranges as the destination has them: the open one closed. What
 * is damaged in the past is only missed by who goes back there.
 */
async function copyRanges(
  logs: LogCopier,
  { past, ranges }: OwnerRecord,
): Promise<OwnerRecord['ranges']> {
  for (const range of past.ranges) await logs.upTo(range, { needed: range.to, to: range.to })
  const copied: OwnerRecord['ranges'] = []
  for (const range of ranges) {
    const to = await logs.upTo(range, { needed: range.from, to: range.to })
    if (to > range.from) copied.push({ ...range, to: range.to ?? to })
  }
  return copied
}

/** Oldest first, so that a copy that is cut short has what it takes the longest to make again. */
export function snapshotsOf({ snapshot, kept }: OwnerRecord): OwnerRecord['kept'] {
  return (snapshot === null ? kept : [snapshot, ...kept]).toReversed()
}

function isCopyOf(there: OwnerRecord, next: OwnerRecord): boolean {
  return there.copied !== undefined && isDeepStrictEqual({ ...there, copied: next.copied }, next)
}

async function put(
  { to, clock, timing, signal, onPut, ensureKey }: CopyContext,
  next: OwnerRecord,
  there: KnownOwner | undefined,
): Promise<boolean> {
  const bytes = encodeOwner(next, to.sealer)
  const name = ownerName(next.session)
  await ensureKey(readHead({ name, kind: 'owner' }, bytes).keyId)
  const outcome = await conditionalWrite(to.store, clock, timing, {
    name,
    bytes,
    etag: there?.etag,
    isOwn: (found) => Buffer.compare(found, bytes) === 0,
    signal,
  })
  if (outcome.kind === 'lost') return false
  onPut(bytes.length)
  return true
}

function atDestination(label: string, cause: GatewayError): GatewayError {
  return new GatewayError({
    code: cause.code,
    subject: cause.subject,
    message: `at the destination (${label}): ${cause.message}`,
    hint: 'whether it was used since cannot be told; remove that object there, or copy to an empty store',
    cause,
  })
}
