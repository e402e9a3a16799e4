import { randomBytes } from 'node:crypto'
import type { SessionImage } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { RecoveryPlan } from '../session/plan.ts'
import { AliveBeat } from './alive.ts'
import { claimOrBorrow } from './borrow.ts'
import { claim } from './claim.ts'
import { systemClock } from './clock.ts'
import type { Held, ReplicaContext } from './context.ts'
import { discover, stored } from './discover.ts'
import { fold, foldIfNewer } from './fold.ts'
import { foresee } from './foresee.ts'
import { KeyedLock } from './keyed-lock.ts'
import { shipTiming } from './log/ship-timing.ts'
import { WorkerLog } from './log/worker-log.ts'
import { readOwner } from './owner-io.ts'
import { exactSince } from './moments.ts'
import { backupsOf, ownerView, type KnownOwner } from './owner.ts'
import type {
  BackupInfo,
  ClaimOutcome,
  ClaimRequest,
  OwnerView,
  PruneOptions,
  RemovedCopies,
  Replica,
  Restored,
  RestorePlan,
  RestoreTarget,
  SessionPruned,
  SnapshotTrigger,
  StoredState,
  Tidied,
} from './port.ts'
import type { FencedReport, Forfeit, ShipLag, Wanted } from './log/port.ts'
import type { PartCheck, SessionCheck, VerifyOptions } from './verify/port.ts'
import { readBackup } from './read-backup.ts'
import { readNewest } from './read-newest.ts'
import { release, type ReleaseResult } from './release.ts'
import { removeSession } from './removal.ts'
import type { RetentionPolicy } from './retention/policy.ts'
import { pruneSessions } from './retention/prune-sessions.ts'
import type { ReplicaOptions } from './options.ts'
import { planRestore } from './restore/plan.ts'
import { findTarget } from './restore/target.ts'
import { rewind } from './restore/rewind.ts'
import { plainSealer } from './sealer.ts'
import { keepingOf, type Keeping, type ReplicaSettings } from './settings.ts'
import { SILENCE_TIMING, SilenceWatch } from './silence.ts'
import { SWAP_TIMING } from './swap.ts'
import { tidy } from './tidy.ts'
import { Upkeep } from './upkeep.ts'
import { verify } from './verify/verify.ts'

type LostListener = (sessionId: string, owner: OwnerView | undefined) => void

/** The Replica over an object store. What is done to one session is done one at a time. */
export class StoreReplica implements Replica {
  readonly #context: ReplicaContext
  readonly #keeping: Keeping
  readonly #log: WorkerLog
  readonly #upkeep: Upkeep
  readonly #alive: AliveBeat
  readonly #lock = new KeyedLock()
  readonly #listeners = new Set<LostListener>()
  readonly #fencedListeners = new Set<(report: FencedReport) => void>()
  readonly #forfeits: Forfeit[] = []

  constructor({ store, auth, worker, ...options }: ReplicaOptions) {
    const { clock = systemClock, swapTiming = SWAP_TIMING } = options
    const { silenceTiming = SILENCE_TIMING, sealer = plainSealer } = options
    this.#keeping = keepingOf(options)
    const base = {
      store,
      auth,
      sealer,
      worker,
      clock,
      timing: swapTiming,
      silence: new SilenceWatch(store, clock, worker, silenceTiming),
      held: new Map<string, Held>(),
      keeping: this.#keeping,
      newWriteId: () => randomBytes(16).toString('hex'),
      onLost: (sessionId: string, owner: KnownOwner | undefined) => this.#lost(sessionId, owner),
    }
    this.#log = new WorkerLog(base, shipTiming(auth.ack, options.shipWindowMs), {
      reclaim: (sessionId) => {
        const request = { sessionId, assigned: false }
        return claim(this.#context, request, { warmOnly: true })
      },
      exclusively: (sessionId, work) => this.#lock.run(sessionId, work),
      onLost: async (sessionId) => this.#lost(sessionId, await this.#lastKnown(sessionId)),
      onFenced: (report) => {
        for (const listener of this.#fencedListeners) listener(report)
      },
    })
    this.#context = { ...base, log: this.#log }
    this.#upkeep = new Upkeep(this.#context, () => this.#log.probe())
    this.#alive = new AliveBeat({
      store,
      clock,
      worker,
      boot: () => auth.boot,
      sealer,
      onBeat: (signal) => this.#upkeep.beat(signal),
      onBack: () => this.#log.retry(),
    })
  }

  change(settings: ReplicaSettings): void {
    Object.assign(this.#keeping, keepingOf(settings))
    this.#log.change(shipTiming(this.#context.auth.ack, settings.shipWindowMs))
  }

  async start(): Promise<void> {
    await this.#alive.start()
    this.#upkeep.start()
  }

  claim(request: ClaimRequest): Promise<ClaimOutcome> {
    return this.#lock.run(request.sessionId, () => claimOrBorrow(this.#context, request))
  }

  foresee(request: ClaimRequest): Promise<RecoveryPlan> {
    return foresee(this.#context, request)
  }

  fold(
    id: string,
    trigger: SnapshotTrigger,
    signal?: AbortSignal,
    name?: string,
  ): Promise<BackupInfo> {
    return this.#lock.run(id, () => fold(this.#context, id, trigger, signal, name))
  }

  foldIfNewer(
    id: string,
    trigger: SnapshotTrigger,
    signal?: AbortSignal,
  ): Promise<BackupInfo | undefined> {
    return this.#lock.run(id, () => foldIfNewer(this.#context, id, trigger, signal))
  }

  release(id: string, options: { store: boolean; signal?: AbortSignal }): Promise<ReleaseResult> {
    return this.#lock.run(id, async () => {
      try {
        return await release(this.#context, id, options)
      } finally {
        this.#log.forgo(id)
      }
    })
  }

  async owner(id: string): Promise<OwnerView | undefined> {
    const known = await readOwner(this.#context, id)
    return known && this.#view(known)
  }

  holds(id: string): boolean {
    const held = this.#context.held.get(id)
    return held !== undefined && held.boot === this.#context.auth.boot
  }

  onLost(listener: LostListener): void {
    this.#listeners.add(listener)
  }

  async backups(id: string): Promise<BackupInfo[]> {
    const known = await readOwner(this.#context, id)
    return known === undefined ? [] : backupsOf(known.record)
  }

  readBackup(id: string, backup: string): ReturnType<Replica['readBackup']> {
    return readBackup(this.#context, id, backup)
  }

  restore(id: string, target: RestoreTarget): Promise<Restored> {
    return this.#lock.run(id, () => rewind(this.#context, id, target))
  }

  async readMoment(id: string, at: number): Promise<SessionImage> {
    const { image } = await findTarget(this.#context, id, { at })
    return image
  }

  planRestore(id: string, target: RestoreTarget, signal?: AbortSignal): Promise<RestorePlan> {
    return planRestore(this.#context, id, target, signal)
  }

  verify(
    options: VerifyOptions,
    onChecked: (check: SessionCheck | PartCheck) => void,
  ): Promise<void> {
    return verify(this.#context, options, onChecked)
  }

  get retention(): RetentionPolicy {
    return this.#keeping.retention
  }

  prune(options: PruneOptions, onPruned: (pruned: SessionPruned) => void): Promise<void> {
    const exclusively = <T>(id: string, work: () => Promise<T>) => this.#lock.run(id, work)
    return pruneSessions(this.#context, exclusively, options, onPruned)
  }

  remove(id: string): Promise<RemovedCopies> {
    return this.#lock.run(id, () => removeSession(this.#context, id))
  }

  readNewest(id: string, signal?: AbortSignal): Promise<StoredState | undefined> {
    return readNewest(this.#context, id, signal)
  }

  stored(signal?: AbortSignal): Promise<string[]> {
    return stored(this.#context, signal)
  }

  discover(): Promise<string[]> {
    return discover(this.#context)
  }

  tidy(id: string, options: { intervalMs: number; signal?: AbortSignal }): Promise<Tidied> {
    return this.#lock.run(id, () => tidy(this.#context, id, options))
  }

  ship({
    sessionIds = this.#context.held.keys(),
    signal,
  }: { sessionIds?: Iterable<string>; signal?: AbortSignal } = {}): Promise<void> {
    return this.#log.ship(sessionIds, signal)
  }

  lag(): ShipLag {
    return this.#log.lag()
  }

  onFenced(listener: (report: FencedReport) => void): void {
    this.#fencedListeners.add(listener)
  }

  forfeits(): Forfeit[] {
    return [...this.#forfeits]
  }

  wanted(): Wanted[] {
    return this.#upkeep.wanted()
  }

  onWanted(listener: (wanted: Wanted) => void): void {
    this.#upkeep.onWanted(listener)
  }

  /** Removes log that nobody needs, which otherwise happens now and then; how many bundles went. */
  collect(): Promise<number> {
    return this.#upkeep.collect()
  }

  /** Ends everything that runs on its own. What is held stays claimed: release it first. */
  async stop(): Promise<void> {
    this.#context.silence.close()
    await this.#upkeep.stop()
    await this.#log.stop()
    await this.#alive.stop()
  }

  /** Who has the session now, for people; undefined where the store does not say. */
  async #lastKnown(sessionId: string): Promise<KnownOwner | undefined> {
    try {
      return await readOwner(this.#context, sessionId)
    } catch (error) {
      if (error instanceof GatewayError) return undefined
      throw error
    }
  }

  #lost(sessionId: string, owner: KnownOwner | undefined): void {
    const { auth, clock } = this.#context
    auth.suspend(sessionId, 'another worker has the session')
    const local = auth.find(sessionId)
    const changes = (local?.seq ?? 0) - (local?.storedSeq ?? 0)
    const by = owner?.record.worker
    if (changes > 0)
      this.#forfeits.push({ sessionId, changes, at: clock.wall(), ...(by !== undefined && { by }) })
    const view = owner && this.#view(owner)
    for (const listener of this.#listeners) listener(sessionId, view)
  }

  #view({ record }: KnownOwner): OwnerView {
    const { auth, clock, keeping } = this.#context
    const since = record.removed
      ? undefined
      : exactSince(record, clock.wall() - keeping.pointInTimeMs)
    const exact = since !== undefined && { exactSince: since }
    return { ...ownerView(record, auth.isMine(record.boot)), ...exact }
  }
}
