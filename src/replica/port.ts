import type { SessionImage } from '../authstate/port.ts'
import type { CauseId } from '../session/cause.ts'
import type { RecoveryPlan } from '../session/plan.ts'
import type { RecoveryRoute } from '../session/report.ts'
import type { FencedReport, Forfeit, ShipLag, Wanted } from './log/port.ts'
import type { RetentionPolicy } from './retention/policy.ts'
import type { ReplicaSettings } from './settings.ts'
import type { PartCheck, SessionCheck, VerifyOptions } from './verify/port.ts'

/** Why a snapshot was made. `restored`: an older one's content, made the newest again. */
export const SNAPSHOT_TRIGGERS = [
  'paired',
  'imported',
  'interval',
  'preserve',
  'release',
  'manual',
  'before-restore',
  'restored',
] as const

export type SnapshotTrigger = (typeof SNAPSHOT_TRIGGERS)[number]

/** One snapshot, as the owner record names it. `id` is `<epoch>-<seq>`. */
export interface BackupInfo {
  id: string
  sessionId: string
  epoch: number
  seq: number
  hash: string
  /** Milliseconds since the epoch. */
  createdAt: number
  /** When the newest change that it holds was made, in milliseconds since the epoch. */
  changedAt: number
  /** Bytes as stored. */
  size: number
  keys: number
  trigger: SnapshotTrigger
  /** What a person called it; it stands for the id wherever one is asked for. */
  name?: string
  /** The newest snapshot is the one a recovery starts from. */
  newest: boolean
}

export interface ClaimRequest {
  sessionId: string
  /** The backend, the registry or the standalone configuration gives this session to this worker. */
  assigned: boolean
  /** An operator said so: do not wait for the other owner to fall silent. */
  takeOver?: boolean
  /**
   * A pairing begins. Unpaired local state that goes on from `owner()`'s seq and hash is what will
   * be paired: it is kept, whatever else is stored stays a backup (route `new`). Without local
   * state, stored state is brought back instead (`cold`), so that a good identity is never paired
   * over; where none is stored either, the caller creates it after the claim (`new`).
   */
  create?: boolean
  /**
   * While the store is away, open local state without owning it: for a worker that is alone with its
   * sessions and acknowledges locally. Claim again when the store is back: the session may be refused
   * then. Needs `ack: local`; anything but an unreachable store goes as without it.
   */
  provisional?: boolean
  /** A socket uses the local state: where that is not the newest, refuse as `stale`, replace nothing. */
  inUse?: boolean
  signal?: AbortSignal
}

/** `refused` leaves local and remote state as they were. Trouble with the store is thrown instead. */
export type ClaimOutcome =
  | {
      kind: 'claimed'
      /** 0 where `provisional` and the store never confirmed one. */
      epoch: number
      /** Opened without the store's word: not owned, `holds` is false. */
      provisional?: true
      /** `new`: a pairing follows, on local state that is there or created next from `base`. */
      route: RecoveryRoute | 'new'
      seq: number
      /** With route `new`: where the session's seq goes on; absent when it never had any. */
      base?: { seq: number; hash: string }
      /** Which changes are lost, if there were any. */
      forfeited?: string
      /** What a person should know: state set aside and where, a store that forgot the session. */
      notes: string[]
    }
  | { kind: 'refused'; cause: CauseId; detail: string }

/** What is known of a session's owner record. */
export interface OwnerView {
  epoch: number
  worker: string
  boot: string
  released: boolean
  removed: boolean
  /** The end of what the store holds or, after a release, of the session's history. */
  seq: number
  hash: string
  /** The record names a boot of this very state directory. */
  mine: boolean
  backups: BackupInfo[]
  /** From when on every moment can be restored, in milliseconds since the epoch; absent where none can. */
  exactSince?: number
}

export type Tidied = 'folded' | 'advanced' | 'not-due'

/** One backup in a pruning: why it stays or goes, in words. */
export interface PrunedBackup extends BackupInfo {
  reasons: string[]
}

/** What became of one session's backups. */
export interface SessionPruned {
  sessionId: string
  /** `skipped`: the backups are not this worker's to delete; `detail` says whose. */
  outcome: 'pruned' | 'nothing' | 'skipped' | 'failed'
  /** Newest first. */
  kept: PrunedBackup[]
  dropped: PrunedBackup[]
  /** Stored snapshots that no record named, left by a crash or a late write. */
  leftovers: number
  /** Bytes of all that was deleted, or would be. */
  bytes: number
  detail?: string
}

/** What a removal deleted in the object store. */
export interface RemovedCopies {
  /** Stored snapshots, and their bytes. */
  snapshots: number
  bytes: number
  /**
   * Its changes lie in bundles with those of other sessions, which go when they are too old for going
   * back: all of them soon after this time, in milliseconds since the epoch.
   */
  logUntil: number
}

export interface PruneOptions {
  /** Default: everything that is stored. */
  sessionIds?: readonly string[]
  /** Instead of what is configured. */
  policy?: RetentionPolicy
  /** Names that keep their backups no longer. */
  dropNamed?: readonly string[]
  /** Only tells what would go. */
  dryRun?: boolean
  /** One session after another with so many milliseconds in between, for what nobody waits for. */
  pauseMs?: number
  signal?: AbortSignal
}

/** What a recovery on an empty disk would bring back. */
export interface StoredState {
  epoch: number
  worker: string
  /** Undefined where no linked state is stored. */
  image: SessionImage | undefined
  /** Bytes of the snapshot as stored. */
  bytes: number
}

/**
 * What is gone back to: a backup by its id or name; the state after the last change that was made at
 * a moment or before, in milliseconds since the epoch; or what the last going back replaced.
 */
export type RestoreTarget = { from: string } | { at: number } | { undo: true }

/** `replaced`: the backup that holds the state which was replaced, where it could be kept. */
export interface Restored {
  epoch: number
  seq: number
  replaced?: BackupInfo
}

/** A state of a session, by its newest change and when that was made. */
interface StateMark {
  seq: number
  /** Milliseconds since the epoch. */
  changedAt: number
}

export interface RestorePlan {
  sessionId: string
  /** The state itself. */
  image: SessionImage
  /** The backup that it begins from; absent where the log tells it from the pairing on. */
  base?: BackupInfo
  /** Changes of the log that are replayed on it. */
  replayed: number
  reached: StateMark
  present: StateMark
  undone: { changes: number; ms: number }
  /** Why the present state could not be kept as a backup; empty where it will be. */
  keeps: { why?: string }
  /** From when on every moment can be restored; absent where none can. */
  exactSince?: number
  /** Another worker owns it, or may still be alive. */
  refused?: { why: string; worker: string }
}

/** The sessions' copies in the object store, and who may write them (DESIGN: the protocol). */
export interface Replica {
  /** Begins the `alive` counter of this boot, the shipping of changes and the collection of garbage. */
  start(): Promise<void>
  /** Takes these instead of what it was made with; what is absent has its default again. */
  change(settings: ReplicaSettings): void
  /** Brings the local state to a point from which a socket may be opened, and takes ownership. */
  claim(request: ClaimRequest): Promise<ClaimOutcome>
  /** What `claim` would do now; claims and changes nothing. Throws where the store doesn't answer. */
  foresee(request: ClaimRequest): Promise<RecoveryPlan>
  /**
   * Stores a snapshot of the committed state and names it in the owner record.
   * With a `name` it is called so: throws `usage` where another backup of the session is, or where
   * this very state has another name already.
   */
  fold(
    sessionId: string,
    trigger: SnapshotTrigger,
    signal?: AbortSignal,
    name?: string,
  ): Promise<BackupInfo>
  /** Like fold, only where the local state is newer than the newest snapshot. */
  foldIfNewer(
    sessionId: string,
    trigger: SnapshotTrigger,
    signal?: AbortSignal,
  ): Promise<BackupInfo | undefined>
  /**
   * Folds a held session whose tail of changes since the snapshot is long, or older than
   * `intervalMs`; where it has no changes, only lets go of log that it no longer needs (`advanced`).
   * Costs nothing where neither is due: call it for every session every few seconds.
   */
  tidy(sessionId: string, options: { intervalMs: number; signal?: AbortSignal }): Promise<Tidied>
  /**
   * Resolves when every change that is durable now, of these sessions (default: all that are held),
   * is stored. Rejects when the signal aborts, and with `replica.fenced` for a session that was lost.
   */
  ship(options?: { sessionIds?: readonly string[]; signal?: AbortSignal }): Promise<void>
  lag(): ShipLag
  /** Called when this worker's boot was fenced and everything is settled under the next. */
  onFenced(listener: (report: FencedReport) => void): void
  /** What was lost to take-overs since this process began, newest last. */
  forfeits(): Forfeit[]
  /** Requests of other workers for sessions that this process holds, oldest first. */
  wanted(): Wanted[]
  /**
   * Called once for every new request. Releasing the session is the answer, if there is a reason to:
   * the backend no longer gives it to this worker.
   */
  onWanted(listener: (wanted: Wanted) => void): void
  /**
   * Gives the session up after its last change was shipped. One-way: resuming is a new claim. `store`
   * adds a snapshot, which spares the next owner the replay. When the store fails, the session stays
   * unreleased, `stored` is false and `detail` says why; this disk keeps what is not stored.
   */
  release(
    sessionId: string,
    options: { store: boolean; signal?: AbortSignal },
  ): Promise<{ stored: boolean; detail?: string }>
  /** The owner record as it is now; undefined where the store knows nothing of the session. */
  owner(sessionId: string): Promise<OwnerView | undefined>
  /** True while this process holds the session's epoch, as far as it knows. */
  holds(sessionId: string): boolean
  /** Called when a fold or release found that another worker has taken the session. */
  onLost(listener: (sessionId: string, owner: OwnerView | undefined) => void): void
  backups(sessionId: string): Promise<BackupInfo[]>
  /** What a backup holds, by its id or name; throws `replica.missing` and `replica.damaged`. */
  readBackup(sessionId: string, backup: string): Promise<{ info: BackupInfo; image: SessionImage }>
  /** The state at a moment, in milliseconds since the epoch. Throws as `planRestore` does. */
  readMoment(sessionId: string, at: number): Promise<SessionImage>
  /**
   * Makes an earlier state the session's, as a new epoch whose seq goes on from the last. The session
   * must be stopped. The state it replaces is stored first, so it stays a backup. Throws
   * `replica.missing` where there is no such state, `replica.owned-elsewhere` while another worker has it.
   */
  restore(sessionId: string, target: RestoreTarget): Promise<Restored>
  /** What `restore` would do now: reads all that it would, claims and changes nothing. */
  planRestore(sessionId: string, target: RestoreTarget, signal?: AbortSignal): Promise<RestorePlan>
  /**
   * Reads what is stored and tells what is damaged; changes nothing, claims nothing. What cannot be
   * told by reading: src/replica/verify/verify.ts.
   */
  verify(
    options: VerifyOptions,
    onChecked: (check: SessionCheck | PartCheck) => void,
  ): Promise<void>
  /**
   * Deletes the backups that no rule keeps, of sessions that this process holds or nobody does, and
   * stored snapshots that no record names; the record lets go of them first. The newest snapshot that
   * is sound always stays. Trouble with one session is its outcome, and the next one's turn.
   */
  prune(options: PruneOptions, onPruned: (pruned: SessionPruned) => void): Promise<void>
  /** Which superseded snapshots stay by themselves. */
  readonly retention: RetentionPolicy
  /**
   * Marks the session removed (a tombstone that keeps the epoch) and deletes its snapshots. Can be run
   * again.
   */
  remove(sessionId: string): Promise<RemovedCopies>
  /**
   * What a recovery on an empty disk would bring back now, by the same code; claims and fences
   * nothing. Undefined where the store does not know the session; throws as the recovery would.
   */
  readNewest(sessionId: string, signal?: AbortSignal): Promise<StoredState | undefined>
  /** Ids of all sessions that the store has anything of, or that this disk knows it had, ascending. */
  stored(signal?: AbortSignal): Promise<string[]>
  /** Ids of sessions in the store whose last owner was a worker of this name. For standalone workers. */
  discover(): Promise<string[]>
  stop(): Promise<void>
}
