import { cause } from '../session/cause.ts'
import { type RecoveryResult, summarize } from '../session/report.ts'
import type {
  HeartbeatSession,
  PreservedNotice,
  SessionStatusNotice,
  WorkerMetrics,
} from './port.ts'

/** What the backend accepts as `environment`. */
type BackendEnvironment = 'DEVELOPMENT' | 'STAGING' | 'TESTING' | 'PRODUCTION'

export interface WorkerIdentity {
  /** 3 to 50 of [A-Za-z0-9_-]. */
  workerId: string
  /** http(s) URL at which the backend reaches the worker. */
  endpoint: string
  /** 1 to 1000. */
  maxSessions: number
  /** Cut at 255 characters. */
  description: string
  /** package.json's; a pre-release part is left out, for the backend takes x.y.z only. */
  version: string
  environment: BackendEnvironment
}

const MAX_DESCRIPTION = 255

/** The bodies of the calls. The backend answers 400 to an unknown key or a null: leave out. */
export function registerBody(worker: WorkerIdentity) {
  const { workerId, endpoint, maxSessions, environment } = worker
  return {
    workerId,
    endpoint,
    maxSessions,
    description: worker.description.slice(0, MAX_DESCRIPTION),
    version: /^\d+\.\d+\.\d+/.exec(worker.version)?.[0] ?? '0.0.0',
    environment,
  }
}

export function heartbeatBody(sessions: readonly HeartbeatSession[], metrics: WorkerMetrics) {
  return {
    sessions: sessions.map(({ sessionId, status, phone, lastActivity }) => ({
      sessionId,
      status,
      ...phoneNumber(phone),
      lastActivity: iso(lastActivity),
    })),
    metrics: {
      cpuUsage: percent(metrics.cpuUsage),
      memoryUsage: percent(metrics.memoryUsage),
      uptime: metrics.uptime,
      messageCount: metrics.messageCount,
      totalSessions: metrics.totalSessions,
      activeSessions: metrics.activeSessions,
    },
  }
}

const OUTCOMES = { recovered: 'SUCCESS', failed: 'FAILED', skipped: 'SKIPPED' } as const

export function recoveryBody(results: readonly RecoveryResult[]) {
  const { total, recovered, failed } = summarize(results)
  return {
    recoveryResults: results.map((result) => ({
      sessionId: result.sessionId,
      status: OUTCOMES[result.outcome],
      ...errorWords(result),
      ...(result.outcome === 'recovered' && result.recoveredAt !== undefined
        ? { recoveredAt: iso(result.recoveredAt) }
        : {}),
    })),
    totalSessions: total,
    successfulRecoveries: recovered,
    failedRecoveries: failed,
  }
}

function errorWords({ outcome, detail, cause: id }: RecoveryResult): { error?: string } {
  const words = detail ?? (id === undefined ? undefined : cause(id).words)
  return outcome === 'recovered' || words === undefined ? {} : { error: words }
}

export function preservedBody(workerId: string, sessions: readonly PreservedNotice[], now: number) {
  return {
    workerId,
    preservedSessions: sessions.map(({ sessionId, userId, status, phone, preservedAt }) => ({
      sessionId,
      ...(userId === undefined ? {} : { userId }),
      status,
      ...phoneNumber(phone),
      preservedAt: iso(preservedAt),
    })),
    timestamp: iso(now),
  }
}

export function statusBody({
  sessionId,
  status,
  at,
  qrCode,
  phone,
  displayName,
}: SessionStatusNotice) {
  return {
    sessionId,
    status,
    timestamp: iso(at),
    ...(status === 'QR_REQUIRED' && qrCode !== undefined ? { qrCode } : {}),
    ...(status === 'CONNECTED' ? phoneNumber(phone) : {}),
    ...(status === 'CONNECTED' && displayName !== undefined && displayName !== ''
      ? { displayName }
      : {}),
  }
}

/** E.164, or no key at all for what cannot be a phone number. */
function phoneNumber(digits: string | undefined): { phoneNumber?: string } {
  return digits !== undefined && /^[1-9]\d{1,14}$/.test(digits) ? { phoneNumber: `+${digits}` } : {}
}

const iso = (ms: number): string => new Date(ms).toISOString()

const percent = (value: number): number => Math.min(100, Math.max(0, value))
