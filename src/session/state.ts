import type { CauseId } from './cause.ts'

/**
 * The life of a session in one worker. `SessionRunner` (src/whatsapp) is its only writer.
 *
 *   idle ──► queued ──► restoring ──► connecting ──► online ◄──► reconnecting
 *                           │             │                          │
 *                           └─────────────┴──► failed | needs-pairing | banned | conflict
 *   idle | needs-pairing ──► pairing ──► connecting
 *   any ──► closing ──► closed          (shutdown, pause, release)
 */
export const SESSION_STATES = [
  'idle',
  'queued',
  'restoring',
  'pairing',
  'connecting',
  'online',
  'reconnecting',
  'closing',
  'closed',
  'needs-pairing',
  'banned',
  'conflict',
  'failed',
] as const

export type SessionState = (typeof SESSION_STATES)[number]

const NEXT: Record<SessionState, readonly SessionState[]> = {
  idle: ['queued', 'restoring', 'pairing', 'closing'],
  queued: ['restoring', 'needs-pairing', 'banned', 'conflict', 'failed', 'closing'],
  restoring: [
    'connecting',
    'pairing',
    'needs-pairing',
    'banned',
    'conflict',
    'failed',
    'closing',
    'queued',
  ],
  pairing: [
    'connecting',
    'online',
    'reconnecting',
    'needs-pairing',
    'banned',
    'failed',
    'conflict',
    'closing',
  ],
  connecting: [
    'online',
    'reconnecting',
    'needs-pairing',
    'banned',
    'conflict',
    'failed',
    'closing',
  ],
  online: [
    'reconnecting',
    'connecting',
    'needs-pairing',
    'banned',
    'conflict',
    'failed',
    'closing',
  ],
  reconnecting: ['connecting', 'needs-pairing', 'banned', 'conflict', 'failed', 'closing'],
  closing: ['closed'],
  closed: ['queued', 'restoring', 'pairing', 'closing'],
  'needs-pairing': ['pairing', 'queued', 'restoring', 'closing'],
  banned: ['queued', 'restoring', 'pairing', 'closing'],
  conflict: ['queued', 'restoring', 'pairing', 'closing'],
  failed: ['queued', 'restoring', 'pairing', 'closing'],
}

/** What a cause that ends a session leaves it in; every other one leaves it `failed`. */
const AFTER: Partial<Record<CauseId, SessionState>> = {
  'logged-out': 'needs-pairing',
  'no-state': 'needs-pairing',
  'pairing-expired': 'needs-pairing',
  banned: 'banned',
  replaced: 'conflict',
  'owned-elsewhere': 'conflict',
}

export function stateAfter(cause: CauseId): SessionState {
  return AFTER[cause] ?? 'failed'
}

export function mayBecome(from: SessionState, to: SessionState): boolean {
  return NEXT[from].includes(to)
}

/** True for states in which the session has, or is about to have, a socket of its own. */
export function isActive(state: SessionState): boolean {
  return (
    state === 'pairing' || state === 'connecting' || state === 'online' || state === 'reconnecting'
  )
}

/** What status lists, events and the control API say of one session. */
export interface SessionView {
  id: string
  state: SessionState
  /** Why it is not online; absent while it is. */
  cause?: CauseId
  /** The cause in words, with what was seen. */
  detail?: string
  phone?: string
  name?: string
  userId?: string
  /** Milliseconds since the epoch. */
  since: number
  lastActivity?: number
  epoch?: number
  seq?: number
  /** The newest seq that the object store holds. */
  storedSeq?: number
  /** It runs without the object store's word that it is ours: the store was away at the start. */
  provisional?: true
  /** Milliseconds since the epoch at which it is tried again; absent where that is not known. */
  nextAttemptAt?: number
  /** What it waits for before it connects: its turn to log in, or its changes to be stored. */
  waitsFor?: 'turn' | 'store'
  /** Its connections don't last, so that it is tried again ever more slowly. */
  flapping?: true
  messagesIn: number
  messagesOut: number
}

/** The statuses that the backend's contract accepts, and no others. */
export type BackendStatus =
  | 'CONNECTED'
  | 'DISCONNECTED'
  | 'QR_REQUIRED'
  | 'RECONNECTING'
  | 'INIT'
  | 'ERROR'

const BACKEND: Record<SessionState, BackendStatus> = {
  idle: 'DISCONNECTED',
  queued: 'INIT',
  restoring: 'INIT',
  pairing: 'QR_REQUIRED',
  connecting: 'RECONNECTING',
  online: 'CONNECTED',
  reconnecting: 'RECONNECTING',
  closing: 'DISCONNECTED',
  closed: 'DISCONNECTED',
  'needs-pairing': 'DISCONNECTED',
  banned: 'ERROR',
  conflict: 'ERROR',
  failed: 'ERROR',
}

export function backendStatus(state: SessionState): BackendStatus {
  return BACKEND[state]
}
