import type { AssignedSource } from '../registry/port.ts'
import type { PreservedSession, RecoveryResult } from '../session/report.ts'
import type { BackendStatus } from '../session/state.ts'
import type { Reach } from './reach.ts'

/** A session that the backend gives to this worker. */
export interface AssignedSession {
  sessionId: string
  userId?: string
  name?: string
  /** Digits only, no plus sign. */
  phone?: string
  /** The backend's own word for its state; informative. */
  status?: string
}

export interface HeartbeatSession {
  sessionId: string
  status: BackendStatus
  /** Digits only, no plus sign; the key is left out of the call when absent. */
  phone?: string
  /** Milliseconds since the epoch. */
  lastActivity: number
}

export interface WorkerMetrics {
  /** Percent of one core since the last heartbeat, capped at 100. */
  cpuUsage: number
  /** Percent of the memory that the host, or the container, has. */
  memoryUsage: number
  /** Seconds. */
  uptime: number
  messageCount: number
  totalSessions: number
  activeSessions: number
}

export interface SessionStatusNotice {
  sessionId: string
  status: BackendStatus
  /** Milliseconds since the epoch. */
  at: number
  /** Present exactly when status is QR_REQUIRED; worthless after `expiresAt`. */
  qrCode?: string
  expiresAt?: number
  /** Digits only, no plus sign. */
  phone?: string
  displayName?: string
}

export interface PreservedNotice extends PreservedSession {
  userId?: string
  phone?: string
  status: BackendStatus
}

/** The backend, or nobody: the standalone implementation answers with what the registry knows. */
export interface WorkerRegistry {
  readonly kind: 'http' | 'standalone'
  register(): Promise<{ recoveryRequired: boolean; assignedSessionCount: number }>
  /** Sends one heartbeat now. */
  heartbeat(sessions: HeartbeatSession[], metrics: WorkerMetrics): Promise<void>
  getAssignedSessions(): Promise<AssignedSession[]>
  reportRecoveryStatus(results: readonly RecoveryResult[]): Promise<void>
  notifySessionsPreserved(sessions: readonly PreservedNotice[]): Promise<void>
  notifySessionStatus(notice: SessionStatusNotice): Promise<void>
  /** A status of the session that is not told yet is not told any more. */
  forget(sessionId: string): void
  /** Resolves when everything was told that the backend takes now. */
  drain(): Promise<void>
  unregister(): Promise<void>
  /** How the last calls went, for `status`. */
  health(): BackendHealth
  /** Cuts calls under way short. */
  close(): Promise<void>
}

/** A failed call. */
interface CallFailure {
  /** Milliseconds since the epoch. */
  at: number
  call: string
  message: string
}

/** What waits for the backend, and what it never got. */
export interface OutboxView {
  waiting: number
  bytes: number
  /** Milliseconds since the epoch at which the oldest of them was written. */
  oldestAt?: number
  /** Given up for want of room: the oldest reports first. */
  dropped: number
  /** QR codes that were too old before they could be told. */
  expired: number
  /** What the backend will never take; the newest hundred are kept in the registry. */
  refused: number
  lastRefusal?: CallFailure
  /** Why the oldest waits; absent while nothing is in the way. */
  lastError?: CallFailure
}

/** Where the list of this worker's sessions came from last. */
interface AssignedView {
  source: AssignedSource
  /** Milliseconds since the epoch at which the backend gave the list; absent if it never did. */
  at?: number
  /** Sessions that run here although the backend's last list does not have them. */
  unlisted: string[]
}

export interface BackendHealth {
  kind: 'http' | 'standalone'
  registered: boolean
  /** Whether calls get through; `denied`: the token is refused. Absent without a backend. */
  reach?: Reach
  /** Milliseconds since the epoch at which `reach` became so. */
  reachSince?: number
  lastSuccessAt?: number
  lastError?: CallFailure
  assigned?: AssignedView
  outbox?: OutboxView
}
