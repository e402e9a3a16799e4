import { randomBytes } from 'node:crypto'
import type { ObjectStore } from '../store/port.ts'
import { AliveBeat } from './alive.ts'
import { claim } from './claim.ts'
import { systemClock, type Clock } from './clock.ts'
import type { LocalState, ReplicaContext } from './context.ts'
import { discover } from './discover.ts'
import { fold, foldIfNewer } from './fold.ts'
import { KeyedLock } from './keyed-lock.ts'
import { readOwner } from './owner-io.ts'
import { backupsOf, ownerView, type KnownOwner } from './owner.ts'
import type {
  BackupInfo,
  ClaimOutcome,
  ClaimRequest,
  FencedReport,
  Forfeit,
  OwnerView,
  Replica,
  ShipLag,
  SnapshotTrigger,
  Wanted,
} from './port.ts'
import { release, type ReleaseResult } from './release.ts'
import { removeSession } from './removal.ts'
import { rewind } from './rewind.ts'
import { plainSealer, type Sealer } from './sealer.ts'
import { SILENCE_TIMING, SilenceWatch, type SilenceTiming } from './silence.ts'
import { SWAP_TIMING, type SwapTiming } from './swap.ts'

export interface ReplicaOptions {
  store: ObjectStore
  auth: LocalState
  /** This worker's name. */
  worker: string
  /** Without one, objects are stored as they are. */
  sealer?: Sealer
  clock?: Clock
  swapTiming?: SwapTiming
  silenceTiming?: SilenceTiming
  /** Milliseconds between two bundles at most; default 1,000, with `ack: remote` 25. */
  shipWindowMs?: number
  /** How long log that nobody needs any more is kept for going back; default 72. */
  pointInTimeHours?: number
}

type LostListener = (sessionId: string, owner: OwnerView | undefined) => void

/** The Replica over an object store. What is done to one session is done one at a time. */
export class StoreReplica implements Replica {
  readonly #context: ReplicaContext
  readonly #alive: AliveBeat
  readonly #lock = new KeyedLock()
  readonly #listeners = new Set<LostListener>()

  constructor({ store, auth, worker, ...options }: ReplicaOptions) {
    const { clock = systemClock, swapTiming = SWAP_TIMING } = options
    const { silenceTiming = SILENCE_TIMING, sealer = plainSealer } = options
    this.#alive = new AliveBeat(store, clock, worker, () => auth.boot, sealer)
    this.#context = {
      store,
      auth,
      sealer,
      worker,
      clock,
      timing: swapTiming,
      silence: new SilenceWatch(store, clock, worker, silenceTiming),
      held: new Map(),
      newWriteId: () => randomBytes(16).toString('hex'),
      onLost: (sessionId, owner) => this.#lost(sessionId, owner),
    }
  }

  start(): Promise<void> {
    return this.#alive.start()
  }

  claim(request: ClaimRequest): Promise<ClaimOutcome> {
    return this.#lock.run(request.sessionId, () => claim(this.#context, request))
  }

  fold(id: string, trigger: SnapshotTrigger, signal?: AbortSignal): Promise<BackupInfo> {
    return this.#lock.run(id, () => fold(this.#context, id, trigger, signal))
  }

  foldIfNewer(
    id: string,
    trigger: SnapshotTrigger,
    signal?: AbortSignal,
  ): Promise<BackupInfo | undefined> {
    return this.#lock.run(id, () => foldIfNewer(this.#context, id, trigger, signal))
  }

  release(id: string, options: { store: boolean; signal?: AbortSignal }): Promise<ReleaseResult> {
    return this.#lock.run(id, () => release(this.#context, id, options))
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

  restore(
    id: string,
    backupId: string,
  ): Promise<{ epoch: number; seq: number; replaced?: BackupInfo }> {
    return this.#lock.run(id, () => rewind(this.#context, id, backupId))
  }

  remove(id: string): Promise<void> {
    return this.#lock.run(id, () => removeSession(this.#context, id))
  }

  discover(): Promise<string[]> {
    return discover(this.#context)
  }

  // STUBS until the log lands.
  async tidy(): Promise<'not-due'> {
    return 'not-due'
  }

  async ship(): Promise<void> {}

  lag(): ShipLag {
    return { changes: 0, bytes: 0, oldestMs: 0 }
  }

  onFenced(_listener: (report: FencedReport) => void): void {}

  forfeits(): Forfeit[] {
    return []
  }

  wanted(): Wanted[] {
    return []
  }

  onWanted(_listener: (wanted: Wanted) => void): void {}

  /** Ends the counter and the watches. What is held stays claimed: release it first. */
  async stop(): Promise<void> {
    this.#context.silence.close()
    await this.#alive.stop()
  }

  #lost(sessionId: string, owner: KnownOwner | undefined): void {
    const view = owner && this.#view(owner)
    for (const listener of this.#listeners) listener(sessionId, view)
  }

  #view({ record }: KnownOwner): OwnerView {
    return ownerView(record, this.#context.auth.isMine(record.boot))
  }
}
