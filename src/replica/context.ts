import type { AuthStore } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import type { SlotReader } from './log/slots.ts'
import type { BootId } from './names.ts'
import type { KnownOwner } from './owner.ts'
import type { Sealer } from './sealer.ts'
import type { SilenceWatch } from './silence.ts'
import type { SwapTiming } from './swap.ts'
import type { Keeping } from './settings.ts'
import type { Stamp } from './transitions.ts'

/** An epoch that this process took and has not given up. */
export interface Held {
  epoch: number
  boot: string
  /** The record as last read or written; undefined after a write of unknown outcome. */
  owner: KnownOwner | undefined
  /** Names of snapshots that no record names any more and that could not be deleted yet. */
  garbage: Set<string>
  /** False while the stored state lacks what came before the log: a snapshot must be first. */
  complete: boolean
  /** When the state was last stored as a whole or claimed, on the monotonic clock. */
  foldedAt: number
  /** Bytes of changes that were shipped since. */
  tailBytes: number
}

/** The part of the AuthStore that the replica uses. */
export type LocalState = Pick<
  AuthStore,
  | 'boot'
  | 'renewBoot'
  | 'isMine'
  | 'nextSlot'
  | 'find'
  | 'list'
  | 'hashAt'
  | 'install'
  | 'tag'
  | 'confirmEpoch'
  | 'confirmStored'
  | 'journal'
  | 'confirmShipped'
  | 'onChanges'
  | 'ack'
  | 'isPaired'
  | 'faults'
  | 'inspect'
  | 'suspend'
  | 'suspendAll'
  | 'resume'
  | 'image'
  | 'quarantine'
  | 'purge'
>

/** The log that this process writes, and the logs of others. */
export interface SharedLog {
  readonly slots: SlotReader
  /** The boot that writes, and the slot that its next or present bundle takes. */
  readonly position: { boot: string; slot: number }
  /** Resolves when there is a boot that may write: at once, unless the last one was just fenced. */
  ready(): Promise<void>
  /** Resolves when no bundle under way says anything of the session. */
  clear(sessionId: string): Promise<void>
  /** Ends the log of a boot for good (rule 6); its end is the slot of the fence. */
  fence(boot: BootId, from: number): Promise<number>
  /** The same behind everything that is there, however damaged the log is. */
  fenceBehind(boot: BootId, from: number): Promise<number>
  /** The session is held from now on: what is not stored of it will be. */
  admit(sessionId: string): void
  /** The session is no longer held. */
  dismiss(sessionId: string, error: unknown): void
  /** Resolves when what is durable now is stored; rejects at the first trouble. */
  shipped(sessionId: string, signal?: AbortSignal): Promise<void>
  /** A snapshot was stored, which may be what somebody waits for. */
  settled(sessionId: string): void
}

/** What every operation of the replica works with. */
export interface ReplicaContext {
  readonly store: ObjectStore
  readonly auth: LocalState
  /** Everything that is put or got goes through it. */
  readonly sealer: Sealer
  /** This worker's name. */
  readonly worker: string
  readonly clock: Clock
  readonly timing: SwapTiming
  readonly silence: SilenceWatch
  readonly held: Map<string, Held>
  readonly keeping: Readonly<Keeping>
  readonly log: SharedLog
  newWriteId(): string
  /** Another worker has taken the session. */
  onLost(sessionId: string, owner: KnownOwner | undefined): void
}

export function newStamp(context: ReplicaContext): Stamp {
  return { writeId: context.newWriteId(), at: context.clock.wall() }
}

export function newHeld(
  context: Pick<ReplicaContext, 'clock'>,
  { epoch, boot }: { epoch: number; boot: string },
  owner: KnownOwner,
): Held {
  const { snapshot, origin, copied } = owner.record
  const complete = copied === undefined && (snapshot !== null || origin !== null)
  const foldedAt = context.clock.monotonic()
  return { epoch, boot, owner, garbage: new Set(), complete, foldedAt, tailBytes: 0 }
}

/** Ends this process' hold on a session; whoever waits for it to be shipped learns why. */
export function letGo(context: ReplicaContext, sessionId: string, error: unknown): void {
  context.held.delete(sessionId)
  context.log.dismiss(sessionId, error)
}

export function requireHeld(context: ReplicaContext, sessionId: string): Held {
  const held = context.held.get(sessionId)
  if (held !== undefined) return held
  throw new GatewayError({
    code: 'replica.fenced',
    subject: sessionId,
    message: `this worker does not own '${sessionId}'`,
    hint: `run \`wa-gateway recover --session ${sessionId}\``,
  })
}
