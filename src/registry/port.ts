import type { SessionState } from '../session/state.ts'
import type { CauseId } from '../session/cause.ts'
import type { RecoveryResult, RecoveryTrigger } from '../session/report.ts'

/** What the operator or the backend wants of a session. */
type DesiredState = 'running' | 'paused' | 'removed'

/** One session's metadata. Times are milliseconds since the epoch. */
export interface SessionRecord {
  id: string
  userId: string | null
  name: string | null
  /** Digits only, no plus sign. */
  phone: string | null
  desired: DesiredState
  /** Who gave it to this worker. */
  assignedBy: 'backend' | 'local'
  lastState: SessionState
  lastCause: CauseId | null
  createdAt: number
  pairedAt: number | null
  lastOnlineAt: number | null
  lastActivityAt: number | null
}

export type SessionPatch = Partial<Omit<SessionRecord, 'id' | 'createdAt'>>

/** Session metadata that outlives the process. Losing it loses no auth state. */
export interface Registry {
  list(): Promise<SessionRecord[]>
  find(id: string): Promise<SessionRecord | undefined>
  /** Creates the row where it is missing, then applies the patch; returns the row. */
  save(id: string, patch: SessionPatch): Promise<SessionRecord>
  remove(id: string): Promise<void>
  close(): Promise<void>
}

/** A call to the backend that is still to be delivered. No key material is in it. */
export interface OutboxRow {
  /** Order of arrival, also over restarts. */
  seq: number
  /** Rows of a lane go one after another; of a session's statuses only the newest is kept. */
  lane: string
  call: string
  /** JSON. */
  body: string
  /** Milliseconds since the epoch. */
  at: number
}

/** A call that the backend will never take. */
export interface RefusedRow extends OutboxRow {
  refusedAt: number
  error: string
}

export interface OutboxChange {
  put: readonly OutboxRow[]
  /** By seq. */
  remove: readonly number[]
  refuse: readonly RefusedRow[]
  /** By name; they replace what was there. */
  counts: Readonly<Record<string, number>>
}

/** What waits for the backend, on disk. */
export interface OutboxStore {
  /** In order of seq; `refused` is the newest of those. */
  load(): Promise<{ waiting: OutboxRow[]; refused?: RefusedRow; counts: Record<string, number> }>
  /** All or nothing. */
  write(change: OutboxChange): Promise<void>
}

/** Where a recovery's list of sessions came from. */
export type AssignedSource = 'backend' | 'cache' | 'standalone'

/** One recovery: what began it, when, and how many sessions ended how. */
export interface RecoveryRun {
  id: number
  trigger: RecoveryTrigger
  /** Absent where nobody's list began it. */
  source?: AssignedSource
  /** `interrupted`: the worker ended in the middle of it. */
  state: 'running' | 'ended' | 'interrupted'
  /** Milliseconds since the epoch. */
  startedAt: number
  endedAt?: number
  total: number
  recovered: number
  failed: number
  skipped: number
  /** How many got their state from this disk, from the object store, or were online already. */
  warm: number
  cold: number
  none: number
}

/** The recoveries of this worker, newest first; old ones go by the rule of keep-runs.ts. */
export interface RecoveryRuns {
  /** Returns the id. */
  begin(run: Pick<RecoveryRun, 'trigger' | 'source' | 'startedAt' | 'total'>): Promise<number>
  record(id: number, results: readonly RecoveryResult[]): Promise<void>
  end(id: number, at: number): Promise<void>
  /** At most `limit` runs, of one session where that is given. */
  list(options: { limit: number; session?: string }): Promise<RecoveryRun[]>
  /** The newest without an id. */
  find(id?: number): Promise<{ run: RecoveryRun; results: RecoveryResult[] } | undefined>
  /** Runs that an earlier process did not end are `interrupted` from now on. */
  interrupt(): Promise<void>
  /** Deletes what need not be kept. */
  prune(now: number): Promise<void>
}

/** Times to remember, by name, in milliseconds since the epoch. */
export interface Instants {
  read(name: string): Promise<number | undefined>
  write(name: string, at: number): Promise<void>
}

/** When everything that is stored of a session was last read. */
export interface VerifiedSession {
  session: string
  /** Milliseconds since the epoch. */
  at: number
  outcome: 'sound' | 'damaged'
}

/** When one backup was last read whole. */
export interface VerifiedBackup {
  session: string
  /** Its id. */
  backup: string
  at: number
  /** False: it is known to be damaged. */
  sound: boolean
}

/** What verifications of the object store found. Losing it costs reading again. */
export interface Verifications {
  /** Replaces what was known of the session and all its backups. */
  record(
    session: VerifiedSession,
    backups: readonly Pick<VerifiedBackup, 'backup' | 'sound'>[],
  ): Promise<void>
  /** Those verified longest ago first. */
  sessions(): Promise<VerifiedSession[]>
  /** Of one session, or of all. */
  backups(session?: string): Promise<VerifiedBackup[]>
  forget(session: string): Promise<void>
  /** Where the next sample begins, in the units of src/replica/verify/sample.ts; 0 at first. */
  cursor(): Promise<number>
  moveCursor(to: number): Promise<void>
}
