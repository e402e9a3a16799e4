import { z } from 'zod'
import { CAUSES, type CauseId } from '../session/cause.ts'
import { isSessionId } from '../session/ids.ts'
import { SESSION_STATES } from '../session/state.ts'

/*
 * The shapes that cross the control socket. They mirror the types of src/session and of the ports;
 * test/unit/control/schema.test.ts fails to compile where the two drift apart.
 * Times are milliseconds since the epoch, phones are digits without a plus sign.
 */

export const sessionId = z
  .string()
  .refine(
    isSessionId,
    'use 1 to 128 letters, digits and . _ @ + -, beginning with a letter or digit',
  )
export const phone = z
  .string()
  .regex(/^\d{5,15}$/, 'use 5 to 15 digits with the country code, no plus sign')
export const at = z.number()
export const causeId = z.enum(Object.keys(CAUSES) as [CauseId, ...CauseId[]])
export const sessionState = z.enum(SESSION_STATES)
/** As src/replica/backup-name.ts has it. */
export const backupName = z
  .string()
  .regex(
    /^(?!\d+-\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
    'use 1 to 64 letters, digits and . _ -, beginning with a letter or digit, not like the id 3-4711',
  )

export const sessionView = z.object({
  id: z.string(),
  state: sessionState,
  cause: causeId.exactOptional(),
  detail: z.string().exactOptional(),
  phone: z.string().exactOptional(),
  name: z.string().exactOptional(),
  userId: z.string().exactOptional(),
  since: at,
  lastActivity: at.exactOptional(),
  epoch: z.number().exactOptional(),
  seq: z.number().exactOptional(),
  storedSeq: z.number().exactOptional(),
  provisional: z.literal(true).exactOptional(),
  nextAttemptAt: at.exactOptional(),
  waitsFor: z.enum(['turn', 'store']).exactOptional(),
  flapping: z.literal(true).exactOptional(),
  messagesIn: z.number(),
  messagesOut: z.number(),
})

export const sessionRecord = z.object({
  id: z.string(),
  userId: z.string().nullable(),
  name: z.string().nullable(),
  phone: z.string().nullable(),
  desired: z.enum(['running', 'paused', 'removed']),
  assignedBy: z.enum(['backend', 'local']),
  lastState: sessionState,
  lastCause: causeId.nullable(),
  createdAt: at,
  pairedAt: at.nullable(),
  lastOnlineAt: at.nullable(),
  lastActivityAt: at.nullable(),
})

/** What was tried for a session, and what came of it. */
export const tried = z.object({
  at,
  what: z.enum(['restore', 'login', 'pairing', 'online']),
  outcome: z.enum(['online', 'failed']),
  ms: z.number(),
  cause: causeId.exactOptional(),
  detail: z.string().exactOptional(),
})

/** The owner record without its backups, which `backup.list` gives. */
export const ownerView = z.object({
  epoch: z.number(),
  worker: z.string(),
  boot: z.string(),
  released: z.boolean(),
  removed: z.boolean(),
  seq: z.number(),
  hash: z.string(),
  mine: z.boolean(),
  /** From when on every moment can be restored, in milliseconds since the epoch; absent where none can. */
  exactSince: z.number().exactOptional(),
})

export const backupInfo = z.object({
  id: z.string(),
  sessionId: z.string(),
  epoch: z.number(),
  seq: z.number(),
  hash: z.string(),
  createdAt: at,
  /** When the newest change that it holds was made. */
  changedAt: at,
  size: z.number(),
  keys: z.number(),
  trigger: z.enum([
    'paired',
    'imported',
    'interval',
    'preserve',
    'release',
    'manual',
    'before-restore',
    'restored',
  ]),
  name: z.string().exactOptional(),
  newest: z.boolean(),
})

/** Whether what is stored is encrypted; key ids and counts are there once the store answered. */
export const encryption = z.object({
  kind: z.enum(['none', 'aes-256-gcm']),
  keyId: z.string().exactOptional(),
  keys: z.number().exactOptional(),
})

/** The data keys, oldest first, and the id of the configured key that locks them. */
export const keyring = z.object({
  keys: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['distributed', 'active', 'retired']),
      createdAt: at,
    }),
  ),
  lockedWith: z.string(),
})

const callFailure = z.object({ at, call: z.string(), message: z.string() })
export const assignedSource = z.enum(['backend', 'cache', 'standalone'])

export const backendHealth = z.object({
  kind: z.enum(['http', 'standalone']),
  registered: z.boolean(),
  reach: z.enum(['unknown', 'up', 'away', 'denied']).exactOptional(),
  reachSince: at.exactOptional(),
  lastSuccessAt: at.exactOptional(),
  lastError: callFailure.exactOptional(),
  assigned: z
    .object({ source: assignedSource, at: at.exactOptional(), unlisted: z.array(z.string()) })
    .exactOptional(),
  outbox: z
    .object({
      waiting: z.number(),
      bytes: z.number(),
      oldestAt: at.exactOptional(),
      dropped: z.number(),
      expired: z.number(),
      refused: z.number(),
      lastRefusal: callFailure.exactOptional(),
      lastError: callFailure.exactOptional(),
    })
    .exactOptional(),
})

/** How far the object store is behind, and what other workers took or want. */
export const shipping = z.object({
  ack: z.enum(['local', 'remote']),
  lag: z.object({
    changes: z.number(),
    bytes: z.number(),
    oldestMs: z.number(),
    error: z.string().exactOptional(),
  }),
  /** Sessions read nothing from WhatsApp until the backlog is shorter. */
  paused: z.boolean(),
  forfeits: z.array(
    z.object({
      sessionId: z.string(),
      changes: z.number(),
      by: z.string().exactOptional(),
      at,
    }),
  ),
  wanted: z.array(z.object({ sessionId: z.string(), worker: z.string(), boot: z.string(), at })),
})

/** ErrorJson of src/session/errors.ts; the code is a plain string so that newer ones pass. */
export const errorJson = z.object({
  code: z.string(),
  message: z.string(),
  subject: z.string().exactOptional(),
  hint: z.string().exactOptional(),
  retryable: z.boolean(),
})

/** Which sessions an operation is for: some by id, or all that this worker has. */
export const targets = {
  sessions: z.array(sessionId).min(1).exactOptional(),
  all: z.boolean().exactOptional(),
}
export const oneTarget = (body: { sessions?: string[]; all?: boolean }) =>
  (body.sessions !== undefined) !== (body.all === true)
export const ONE_TARGET = { message: 'give either sessions or all', path: ['sessions'] }
