import { backupId, ownerName } from '../names.ts'
import { parseOwner, type OwnerRecord, type SnapshotRef } from '../owner.ts'
import type { Finding, FindingSeverity, SessionCheck } from './port.ts'
import { listSnapshots, type StoredSnapshot } from '../retention/sweep.ts'
import { withKeys } from '../sealer.ts'
import { lostOwner } from '../snapshot-io.ts'
import { isTagged } from '../evidence.ts'
import { faultOf, finding, isTrouble, type Fault } from './finding.ts'
import { checkHistory } from './history.ts'
import { checkPast } from './past.ts'
import type { VerifyRun } from './run.ts'
import { snapshotCheck } from './snapshots.ts'
import { checkUnnamed } from './unnamed.ts'

/** Reads that begin again because the owner record changed meanwhile. */
const ROUNDS = 5

const PAST = 'the newest state is not affected; some moments before it cannot be brought back'
const UNNAMED = 'no session needs it; it goes when backups are pruned'
const WARNED =
  'nothing needs to be done while the session runs; see to it after a restore of this one'

interface Look {
  etag: string | undefined
  check: SessionCheck
}

/** Damage counts only where the owner record is the same before and after. */
export async function checkSession(
  run: VerifyRun,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<SessionCheck> {
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const { etag, check } = await look(run, sessionId, signal)
      if (check.findings.length === 0) return check
      const now = await run.context.store.get(ownerName(sessionId), signal && { signal })
      if (now?.etag === etag) return check
    }
    return unread(sessionId, 'its owner record changed each time while it was read')
  } catch (error) {
    signal?.throwIfAborted()
    if (isTrouble(error)) return unread(sessionId, error.message)
    throw error
  }
}

async function look(
  run: VerifyRun,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<Look> {
  const { store, sealer } = run.context
  const name = ownerName(sessionId)
  // Before the store is asked: it may know more by then, never less.
  const disk = ofThisDisk(run, sessionId)
  const object = await store.get(name, signal && { signal })
  const check = {
    kind: 'session' as const,
    sessionId,
    backups: 0,
    slots: 0,
    read: [],
    findings: [],
  }
  if (object === undefined) {
    const lost = await withoutOwner(run, sessionId, disk, signal)
    const outcome = lost.length > 0 ? 'damaged' : 'nothing'
    return { etag: undefined, check: { ...check, outcome, findings: lost } }
  }
  const { etag, bytes } = object
  let record: OwnerRecord
  try {
    record = await withKeys(sealer, () => parseOwner(sessionId, bytes, sealer))
  } catch (error) {
    const fault = faultOf(name, error)
    return {
      etag,
      check: { ...check, outcome: 'damaged', findings: [lostRecord(fault, sessionId)] },
    }
  }
  const { epoch, past, ranges } = record
  run.noteNamed([...past.ranges, ...ranges])
  const there = await listSnapshots(run.context, sessionId, signal)
  const old = rolledBack(record, disk, there)
  if (old !== undefined) {
    const findings = [lostRecord(old, sessionId)]
    return { etag, check: { ...check, outcome: 'damaged', epoch, findings } }
  }
  if (record.removed) {
    const findings = await unnamed(run, record, there, signal)
    const outcome = findings.length > 0 ? 'damaged' : 'nothing'
    return { etag, check: { ...check, outcome, epoch, findings } }
  }
  return { etag, check: await read(run, record, there, disk, signal) }
}

async function read(
  run: VerifyRun,
  record: OwnerRecord,
  there: readonly StoredSnapshot[],
  disk: Disk,
  signal: AbortSignal | undefined,
): Promise<SessionCheck> {
  const { session, epoch, snapshot, kept } = record
  const findings: Finding[] = []
  const note = (faults: Iterable<Fault>, severity: FindingSeverity, todo: string): void => {
    for (const fault of faults) findings.push(finding(fault, severity, todo, session))
  }
  const sound: SnapshotRef[] = []
  const look = snapshotCheck(run, session, there, signal)
  const read: SessionCheck['read'] = []
  const faultsOf = async (ref: SnapshotRef): Promise<Fault[]> => {
    const { faults, warnings, whole } = await look(ref)
    note(warnings, 'warning', WARNED)
    if (whole) read.push({ id: backupId(ref), sound: faults.length === 0 })
    return faults
  }
  for (const ref of kept) {
    const faults = await faultsOf(ref)
    if (faults.length === 0) sound.push(ref)
    note(faults, 'backup', 'the newest state is not affected; use another backup for going back')
  }
  const todo = wayBack(record, sound)
  if (snapshot !== null) note(await faultsOf(snapshot), 'recovery', todo)
  const history = await checkHistory(run, record, signal)
  note(history.faults, 'recovery', todo)
  const past = await checkPast(run, record, signal)
  note(past.faults, 'backup', PAST)
  if (isSound(findings)) note(behind(run, record, history.end, disk), 'recovery', todo)
  findings.push(...(await unnamed(run, record, there, signal)))
  return {
    kind: 'session',
    sessionId: session,
    outcome: isSound(findings) ? 'sound' : 'damaged',
    epoch,
    seq: history.end?.seq ?? record.seq,
    backups: kept.length + (snapshot === null ? 0 : 1),
    slots: history.slots + past.slots,
    read,
    findings,
  }
}

async function unnamed(
  run: VerifyRun,
  record: OwnerRecord,
  there: readonly StoredSnapshot[],
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const faults = await checkUnnamed(run, record, there, signal)
  return faults.map((fault) => finding(fault, 'spare', UNNAMED, record.session))
}

function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === 'warning')
}

/** What this worker's disk remembers of the session, as it was before the store was read. */
interface Disk {
  confirmedEpoch: number
  storedSeq: number
}

function ofThisDisk({ context }: VerifyRun, sessionId: string): Disk {
  const { confirmedEpoch = 0, storedSeq = 0 } = context.auth.find(sessionId) ?? {}
  return { confirmedEpoch, storedSeq }
}

/** A record of an epoch that is known to be over: an older one was put in its place. */
function rolledBack(
  { session, epoch, copied }: OwnerRecord,
  { confirmedEpoch }: Disk,
  there: readonly StoredSnapshot[],
): Fault | undefined {
  // Of a copy that is under way, snapshots of a later epoch may be there before their record is.
  if (copied !== undefined) return undefined
  const later = there.reduce((latest, found) => Math.max(latest, found.epoch), confirmedEpoch)
  if (later <= epoch) return undefined
  const object = ownerName(session)
  const what = `the owner record of session '${session}' (${object}) is of epoch ${epoch}, although epoch ${later} had begun: an older record was put in its place`
  return { object, what }
}

/** This disk knows of changes that were stored and that the store does not show. */
function behind(
  { context }: VerifyRun,
  record: OwnerRecord,
  end: { seq: number } | undefined,
  { storedSeq }: Disk,
): Fault[] {
  if (end === undefined || end.seq >= storedSeq || !isTagged(context, record)) return []
  if (record.copied !== undefined) return []
  const object = ownerName(record.session)
  const what = `the object store holds session '${record.session}' up to change ${end.seq}, although it confirmed change ${storedSeq} to this disk: bundles at the end of its log are gone, or an older owner record (${object}) was put back`
  return [{ object, what }]
}

/** No record is there; that it was is known from what it left. */
async function withoutOwner(
  { context }: VerifyRun,
  sessionId: string,
  { confirmedEpoch }: Disk,
  signal: AbortSignal | undefined,
): Promise<Finding[]> {
  const object = ownerName(sessionId)
  const remembered =
    confirmedEpoch === 0
      ? undefined
      : `the owner record of session '${sessionId}' is missing in the object store (${object}), although it confirmed epoch ${confirmedEpoch} to this disk`
  const what = remembered ?? (await lostOwner(context, sessionId, signal))
  return what === undefined ? [] : [lostRecord({ object, what }, sessionId)]
}

function lostRecord(fault: Fault, sessionId: string): Finding {
  const todo = `put ${fault.object} back as it was, from a copy or an earlier version of the bucket; the snapshots beside it are of no use without it`
  return finding(fault, 'recovery', todo, sessionId)
}

/** Where the state may still be whole, and what is left in the store where it is not. */
function wayBack({ session, worker, released }: OwnerRecord, sound: SnapshotRef[]): string {
  const [newest] = sound
  const back =
    newest === undefined
      ? 'no older backup of it is sound: it would have to be paired again'
      : `go back with \`wa-gateway backup restore --session ${session} --from ${backupId(newest)}\``
  const disk = released
    ? `if worker '${worker}' still has its disk`
    : `while worker '${worker}' has it`
  return `${disk}, its state is whole there: start the session on it and run \`wa-gateway backup create --session ${session}\` after the next message; otherwise ${back}`
}

function unread(sessionId: string, detail: string): SessionCheck {
  return {
    kind: 'session',
    sessionId,
    outcome: 'unread',
    backups: 0,
    slots: 0,
    read: [],
    findings: [],
    detail,
  }
}
