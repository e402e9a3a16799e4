import { pack, Unpackr } from 'msgpackr'
import * as z from 'zod'
import { GatewayError } from '../session/errors.ts'
import { BACKUP_NAME } from './backup-name.ts'
import { backupId, ownerName } from './names.ts'
import { assertFormat, damaged, type ObjectAddress } from './object.ts'
import { SNAPSHOT_TRIGGERS, type BackupInfo, type OwnerView } from './port.ts'
import type { Sealer } from './sealer.ts'

const FORMAT = 2

const count = z.int().nonnegative()
const epoch = z.int().positive()
const hash = z.string().max(128)

const snapshotRef = z.strictObject({
  epoch,
  seq: count,
  hash,
  size: count,
  keys: count,
  createdAt: count,
  /** When the newest change that it holds was made. */
  changedAt: count,
  /** Where the session's log after it begins (src/replica/past.ts). */
  position: count,
  trigger: z.enum(SNAPSHOT_TRIGGERS),
  /** What a person called it; no two of a session have the same. */
  name: z.string().regex(BACKUP_NAME).exactOptional(),
})

/** Slots `from` to `to` (exclusive; null: open) of a boot's log, in which this session has changes. */
const range = z.strictObject({
  worker: z.string(),
  boot: z.string().regex(/^[0-9a-f]{32}$/),
  from: count,
  to: count.nullable(),
})

const closedRange = range.extend({ to: count })

/** Where a history began, and when. `fresh`: with nothing, so that the log alone tells it. */
const origin = z.strictObject({
  epoch,
  /** The end of the history before, or of what was gone back to. */
  seq: count,
  hash,
  at: count,
  /** Where its log begins. */
  position: count,
  fresh: z.boolean(),
})

const ownerSchema = z.strictObject({
  format: z.literal(FORMAT),
  session: z.string(),
  /** Grows by one with every claim, never falls, survives removal. */
  epoch,
  worker: z.string(),
  boot: z.string(),
  /** Where the log holds this session's changes; read in this order. At most one is open. */
  ranges: z.array(range),
  /** What lay before `ranges`, as far back as moments are brought back; `position`: its first slot's. */
  past: z.strictObject({ position: count, ranges: z.array(closedRange) }),
  /**
   * Where the present history began: with a pairing, or with a going back. Null where it began with
   * state that only a snapshot tells.
   */
  origin: origin.nullable(),
  /** Where earlier histories began that can still be gone back to, newest first. */
  origins: z.array(origin),
  /** What a recovery starts from; null before the first fold and after an unlinked pairing. */
  snapshot: snapshotRef.nullable(),
  /** Older snapshots that are still backups, newest first. */
  kept: z.array(snapshotRef),
  /** The last change that this record knows of; above the snapshot's where a release stored none. */
  seq: count,
  hash,
  /** No change was made later, in milliseconds since the epoch, as far as is known; never falls. */
  changedAt: count,
  released: z.boolean(),
  removed: z.boolean(),
  /** Unique to one write attempt: tells one's own write from another's (src/replica/swap.ts). */
  writeId: z.string().min(1),
  /** Where the next epoch branched off each earlier one, newest first. */
  history: z.array(z.strictObject({ epoch, endSeq: count, hash })),
  /** Milliseconds since the epoch at which this record was written. */
  at: count,
  /**
   * This record, or the one it goes on from, was copied from another store then: what a disk shipped
   * there since is not in this one, so a snapshot must come before more of its log.
   */
  copied: count.exactOptional(),
})

export type OwnerRecord = z.infer<typeof ownerSchema>
export type SnapshotRef = z.infer<typeof snapshotRef>
export type LogRange = z.infer<typeof range>
/** A snapshot that no record names yet. */
export type NewSnapshot = Omit<SnapshotRef, 'position'>

/** An owner record with the etag under which it can be replaced. */
export interface KnownOwner {
  record: OwnerRecord
  etag: string
}

const unpackr = new Unpackr({ useRecords: false })

/** Throws `internal` rather than write a record that could not be read back. */
export function encodeOwner(record: OwnerRecord, sealer: Sealer): Uint8Array {
  const checked = ownerSchema.safeParse(record)
  const fault = checked.success ? faultOf(record.session, record) : 'it has another shape'
  if (fault !== undefined)
    throw new GatewayError({
      code: 'internal',
      subject: record.session,
      message: `an owner record of '${record.session}' was not written: ${fault}`,
      cause: checked.error,
    })
  return sealer.seal(ownerAddress(record.session), 'none', pack(record))
}

/** Throws `replica.damaged` unless the bytes are a sound record of this very session. */
export function parseOwner(sessionId: string, bytes: Uint8Array, sealer: Sealer): OwnerRecord {
  const address = ownerAddress(sessionId)
  const { payload } = sealer.open(address, bytes)
  const content = decode(address, payload)
  assertFormat(address, content, FORMAT)
  const parsed = ownerSchema.safeParse(content)
  if (!parsed.success) throw damaged(address, 'its content has another shape', parsed.error)
  const fault = faultOf(sessionId, parsed.data)
  if (fault !== undefined) throw damaged(address, fault)
  return parsed.data
}

function ownerAddress(sessionId: string): ObjectAddress {
  return { name: ownerName(sessionId), kind: 'owner', sessionId }
}

function decode(address: ObjectAddress, payload: Uint8Array): unknown {
  try {
    return unpackr.unpack(payload)
  } catch (error) {
    throw damaged(address, 'its content cannot be read', error)
  }
}

/** What the shape alone cannot say; undefined where all holds. */
function faultOf(sessionId: string, record: OwnerRecord): string | undefined {
  const { snapshot, seq, hash } = record
  if (record.session !== sessionId) return 'it belongs to another session'
  if (snapshot !== null && snapshot.seq > seq) return 'its snapshot is newer than its last change'
  if (snapshot !== null && snapshot.seq === seq && snapshot.hash !== hash)
    return 'its snapshot and its last change have different hashes'
  if (record.removed && (snapshot !== null || !record.released))
    return 'it is removed and owned at once'
  return undefined
}

export function backupInfo(session: string, ref: NewSnapshot, newest: boolean): BackupInfo {
  const { position: _, ...shown }: NewSnapshot & { position?: number } = ref
  return { id: backupId(ref), sessionId: session, ...shown, newest }
}

/** Every snapshot that the record names, newest first. */
export function backupsOf(record: OwnerRecord): BackupInfo[] {
  const { session, snapshot, kept } = record
  const newest = snapshot === null ? [] : [backupInfo(session, snapshot, true)]
  return [...newest, ...kept.map((ref) => backupInfo(session, ref, false))]
}

export function ownerView(record: OwnerRecord, mine: boolean): OwnerView {
  const { epoch, worker, boot, released, removed, seq, hash } = record
  return { epoch, worker, boot, released, removed, seq, hash, mine, backups: backupsOf(record) }
}
