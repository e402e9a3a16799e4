import type { AuthStore } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import type { KnownOwner } from './owner.ts'
import type { Sealer } from './sealer.ts'
import type { SilenceWatch } from './silence.ts'
import type { SwapTiming } from './swap.ts'
import type { Stamp } from './transitions.ts'

/** An epoch that this process took and has not given up. */
export interface Held {
  epoch: number
  boot: string
  /** The record as last read or written; undefined after a write of unknown outcome. */
  owner: KnownOwner | undefined
  /** Names of snapshots that no record names any more and that could not be deleted yet. */
  garbage: Set<string>
}

/** The part of the AuthStore that the replica uses. */
export type LocalState = Pick<
  AuthStore,
  | 'boot'
  | 'isMine'
  | 'find'
  | 'hashAt'
  | 'install'
  | 'tag'
  | 'confirmEpoch'
  | 'confirmStored'
  | 'image'
  | 'quarantine'
  | 'purge'
>

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
  newWriteId(): string
  /** Another worker has taken the session. */
  onLost(sessionId: string, owner: KnownOwner | undefined): void
}

export function newStamp(context: ReplicaContext): Stamp {
  return { writeId: context.newWriteId(), at: context.clock.wall() }
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
