import { z } from 'zod'

/** The backend's rules for every body, as its documentation has them; strict in every key. */
const Status = z.enum(['CONNECTED', 'DISCONNECTED', 'QR_REQUIRED', 'RECONNECTING', 'INIT', 'ERROR'])
const Phone = z.string().regex(/^\+[1-9]\d{1,14}$/)
const Time = z.iso.datetime()
const SessionId = z.string().min(1)
const WorkerId = z.string().regex(/^[A-Za-z0-9_-]{3,50}$/)
const Endpoint = z.url({ protocol: /^https?$/ })
const Count = z.int().nonnegative()
const Percent = z.number().min(0).max(100)

export const Register = z.strictObject({
  workerId: WorkerId,
  endpoint: Endpoint,
  maxSessions: z.int().min(1).max(1000),
  description: z.string().max(255),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  environment: z.enum(['DEVELOPMENT', 'STAGING', 'TESTING', 'PRODUCTION']),
})

export const Heartbeat = z.strictObject({
  sessions: z.array(
    z.strictObject({
      sessionId: SessionId,
      status: Status,
      phoneNumber: Phone.optional(),
      lastActivity: Time,
    }),
  ),
  metrics: z
    .strictObject({
      cpuUsage: Percent,
      memoryUsage: Percent,
      uptime: z.number().nonnegative(),
      messageCount: Count,
      totalSessions: Count,
      activeSessions: Count,
    })
    .optional(),
})

export const RecoveryStatus = z
  .strictObject({
    recoveryResults: z.array(
      z.strictObject({
        sessionId: SessionId,
        status: z.enum(['SUCCESS', 'FAILED', 'SKIPPED']),
        error: z.string().optional(),
        recoveredAt: Time.optional(),
      }),
    ),
    totalSessions: Count,
    successfulRecoveries: Count,
    failedRecoveries: Count,
  })
  .superRefine((body, context) => {
    const count = (status: string) => body.recoveryResults.filter((r) => r.status === status).length
    const sums = {
      totalSessions: body.recoveryResults.length,
      successfulRecoveries: count('SUCCESS'),
      failedRecoveries: count('FAILED'),
    }
    for (const [key, sum] of Object.entries(sums))
      if (body[key as keyof typeof sums] !== sum)
        context.addIssue({ code: 'custom', path: [key], message: `should be ${sum}` })
  })

export const Preserved = z.strictObject({
  workerId: WorkerId,
  preservedSessions: z.array(
    z.strictObject({
      sessionId: SessionId,
      userId: z.string().optional(),
      status: Status,
      phoneNumber: Phone.optional(),
      preservedAt: Time,
    }),
  ),
  timestamp: Time,
})

export const Unregister = z.strictObject({ workerId: WorkerId, endpoint: Endpoint })

const notice = { sessionId: SessionId, timestamp: Time }
const quiet = ['DISCONNECTED', 'RECONNECTING', 'INIT', 'ERROR'] as const
export const SessionStatus = z.discriminatedUnion('status', [
  z.strictObject({
    ...notice,
    status: z.literal('CONNECTED'),
    phoneNumber: Phone.optional(),
    displayName: z.string().min(1).optional(),
  }),
  z.strictObject({
    ...notice,
    status: z.literal('QR_REQUIRED'),
    qrCode: z.string().min(1),
  }),
  z.strictObject({ ...notice, status: z.enum(quiet) }),
])
