import type { PreservedSession, RecoveryResult } from '../session/report.ts'
import type { BackendStatus } from '../session/state.ts'

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
  /** Percent of the host's memory. */
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
  /** Present exactly when status is QR_REQUIRED. */
  qrCode?: string
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
  unregister(): Promise<void>
  /** How the last calls went, for `status`. */
  health(): BackendHealth
  /** Cuts calls under way short. */
  close(): Promise<void>
}

export interface BackendHealth {
  kind: 'http' | 'standalone'
  registered: boolean
  lastSuccessAt?: number
  lastError?: { at: number; call: string; message: string }
}
