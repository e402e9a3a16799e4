import type { BackoffSettings } from './backoff.ts'
import type { CauseId } from './cause.ts'
import type { Tried } from './history.ts'
import { UNRESTRAINED, type Restraint, type RestraintSettings } from './restraint.ts'
import type { SessionState } from './state.ts'

/**
 * One session's connection: what it does, and what follows from what happens. Pure: `stepLife`
 * (step-life.ts) tells what to do next, `SessionRunner` (src/whatsapp) does it and says what came of it. `state` is what
 * the world sees of it (state.ts), `doing` is what happens underneath:
 *
 *   resting ─taken─► given ─connect─► connecting ─opened─► online
 *      ▲               ▲                 │  ▲                 │
 *      │               └──in charge──────┤  └─admitted─ queueing ◄─due/stored─ waiting | storing
 *    ended                               │                 ▲                      ▲
 *      │                                 ├─515, thrice─────┘                      │
 *   ending ◄── a cause that says stop ───┴── a cause that heals ──────────────────┘
 *
 * A recovery that has taken a session decides when it connects (`given`); without one the session
 * waits, queues for its turn and connects by itself. So a session always does something, or rests
 * with a cause.
 */
export type Doing =
  /** Nothing. `retryAt`: when the worker is to recover it again. */
  | { kind: 'resting'; retryAt?: number }
  /** A recovery, or a pairing, is about to connect it; `until`: not before. */
  | { kind: 'given'; until?: number }
  | { kind: 'waiting'; until: number }
  /** It wants a turn to log in; `urgent`: WhatsApp asked for it. */
  | { kind: 'queueing'; urgent: boolean }
  /** Its changes have to be stored first, or no frame could leave. */
  | { kind: 'storing' }
  | { kind: 'connecting'; since: number }
  | { kind: 'online'; since: number }
  /** It was replaced: whose is it? */
  | { kind: 'asking' }
  /** Socket and state are being closed; then it rests for this cause. */
  | { kind: 'ending'; cause: CauseId; detail: string }
  | { kind: 'closing' }

export interface Life {
  state: SessionState
  cause: CauseId | undefined
  detail: string | undefined
  /** Milliseconds since the epoch at which `state` began. */
  since: number
  doing: Doing
  /** A recovery has taken it. */
  charge: boolean
  /** It is being linked to a phone; recoveries keep out. */
  pairing: boolean
  /** Restarts that WhatsApp asked for since a connection stood. */
  restarts: number
  /** Recoveries in vain since a connection stood. */
  rests: number
  restraint: Restraint
  history: readonly Tried[]
}

export type LifeEvent =
  | { type: 'taken' }
  /** The recovery is over; where it never connected, for this cause. */
  | { type: 'given-back'; cause: CauseId; detail: string }
  /** The recovery connects it then at the earliest; undefined: it is its turn. */
  | { type: 'postponed'; until: number | undefined }
  /** State is about to be brought, for a recovery or a pairing. */
  | { type: 'restoring'; for: 'recovery' | 'pairing' }
  /** It could not be brought. */
  | { type: 'refused'; cause: CauseId; detail: string }
  | { type: 'connect' }
  | { type: 'pair' }
  | { type: 'due' }
  | { type: 'stored' }
  | { type: 'admitted' }
  | { type: 'opened' }
  | { type: 'closed'; cause: CauseId; detail: string }
  /** Nobody waits for the attempt any more, or it took too long. */
  | { type: 'abandoned'; cause: 'timeout' | 'cancelled' }
  | { type: 'stalled'; stalled: boolean }
  /** Whose the session is, by its owner record. */
  | { type: 'owner'; cause: 'replaced' | 'owned-elsewhere'; detail: string }
  /** Something ends it at once: damage, another owner, a logout. */
  | { type: 'over'; cause: CauseId; detail: string }
  | { type: 'stop' }
  | { type: 'ended'; of: 'ending' | 'closing' }

export interface LifeSettings extends RestraintSettings {
  /** Restarts that WhatsApp may ask for (515) before they count as failures. */
  maxRestarts: number
  /** The waits between recoveries that the worker begins by itself. */
  rest: BackoffSettings
}

/** What the runner knows at the moment of an event. */
export interface Facts {
  now: number
  /** In [0, 1). */
  random: number
  /** No phone has linked the device yet. */
  unpaired: boolean
  /** Changes wait to be stored, and nothing leaves before. */
  unstored: boolean
}

export function newLife(now: number): Life {
  return {
    state: 'idle',
    cause: undefined,
    detail: undefined,
    since: now,
    doing: { kind: 'resting' },
    charge: false,
    pairing: false,
    restarts: 0,
    rests: 0,
    restraint: UNRESTRAINED,
    history: [],
  }
}
