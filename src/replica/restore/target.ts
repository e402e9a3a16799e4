import type { SessionImage } from '../../authstate/port.ts'
import { GatewayError } from '../../session/errors.ts'
import { findBackup } from '../backup-name.ts'
import type { ReplicaContext } from '../context.ts'
import { backupId, snapshotName } from '../names.ts'
import { damaged } from '../object.ts'
import { readOwner } from '../owner-io.ts'
import { backupInfo, backupsOf, type KnownOwner, type OwnerRecord } from '../owner.ts'
import type { BackupInfo, RestoreTarget } from '../port.ts'
import { isUnreadable } from '../sealer.ts'
import { fetchSnapshot } from '../snapshot-io.ts'
import { readMoment } from './moment.ts'

/** Reads that begin again because the record changed while what it names was read. */
const ROUNDS = 5

/** The state that is gone back to, read and checked as a whole. */
export interface Found {
  known: KnownOwner
  image: SessionImage
  /** The backup that it begins from; absent where the log tells it from the pairing on. */
  base?: BackupInfo
  replayed: number
}

/**
 * Reads what is to be restored; claims and changes nothing. Throws `replica.missing` where there is
 * no such backup or moment, `replica.damaged` where it cannot be read or nothing could connect with it.
 */
export async function findTarget(
  context: ReplicaContext,
  sessionId: string,
  target: RestoreTarget,
  signal?: AbortSignal,
): Promise<Found> {
  for (let round = 1; ; round++) {
    const known = await existing(context, sessionId, signal)
    try {
      const found = await read(context, known.record, target, signal)
      assertSound(context, sessionId, found)
      return { known, ...found }
    } catch (error) {
      const missing = error instanceof GatewayError && error.code === 'replica.missing'
      if (!missing && !isUnreadable(error)) throw error
      const now = await existing(context, sessionId, signal)
      if (now.etag === known.etag || round === ROUNDS) throw error
    }
  }
}

async function read(
  context: ReplicaContext,
  record: OwnerRecord,
  target: RestoreTarget,
  signal: AbortSignal | undefined,
): Promise<Omit<Found, 'known'>> {
  const { session } = record
  if ('at' in target) {
    const { base, ...moment } = await readMoment(context, record, target.at, signal)
    const newest = base !== undefined && base === record.snapshot
    return { ...moment, ...(base && { base: backupInfo(session, base, newest) }) }
  }
  const backups = backupsOf(record)
  const base =
    'undo' in target ? replacedIn(record, backups) : findBackup(backups, session, target.from)
  const { image } = await fetchSnapshot(context, session, base, signal)
  return { image, base, replayed: 0 }
}

/** The backup of what the last going back replaced. */
function replacedIn({ session, origin }: OwnerRecord, backups: readonly BackupInfo[]): BackupInfo {
  if (origin === null || origin.fresh) {
    const why = origin === null ? 'it was never taken back' : 'it was paired anew since'
    throw noUndo(session, `nothing of '${session}' can be undone: ${why}`)
  }
  const replaced = backups.find(({ epoch }) => epoch < origin.epoch)
  if (replaced?.trigger === 'before-restore') return replaced
  const when = new Date(origin.at).toISOString()
  throw noUndo(
    session,
    `what '${session}' was before it was taken back at ${when} is not kept: it could not be read then, or its backup was pruned`,
  )
}

function noUndo(session: string, message: string): GatewayError {
  return new GatewayError({
    code: 'replica.missing',
    subject: session,
    message,
    hint: `run \`wa-gateway backup list --session ${session}\` to see what there is`,
  })
}

/** What a recovery would refuse must not be put in the place of anything. */
function assertSound(
  { auth }: ReplicaContext,
  sessionId: string,
  { image, base }: Omit<Found, 'known'>,
): void {
  if (!auth.isPaired(image))
    throw new GatewayError({
      code: 'replica.missing',
      subject: sessionId,
      message: `no phone was linked to '${sessionId}' at that moment`,
      hint: `run \`wa-gateway backup list --session ${sessionId}\``,
    })
  const [fault] = auth.faults(image.entries, { linked: true })
  if (fault === undefined) return
  const { epoch, seq } = base ?? { epoch: 0, seq: image.seq }
  const name = snapshotName(sessionId, epoch, seq)
  throw damaged({ name, kind: 'snapshot', sessionId }, fault)
}

export async function existing(
  context: ReplicaContext,
  sessionId: string,
  signal?: AbortSignal,
): Promise<KnownOwner> {
  const known = await readOwner(context, sessionId, signal)
  if (known !== undefined && !known.record.removed) return known
  throw new GatewayError({
    code: 'replica.missing',
    subject: sessionId,
    message: `the object store has no backups of '${sessionId}'`,
    hint: 'run `wa-gateway backup list` to see what there is',
  })
}

/** In words: for the note beside what was set aside. */
export function wordsOf(target: RestoreTarget, { base }: Found): string {
  const id = base === undefined ? 'the pairing' : `backup ${backupId(base)}`
  if ('at' in target) return `the moment ${new Date(target.at).toISOString()} was restored`
  return 'undo' in target ? `going back was undone with ${id}` : `${id} was restored`
}
