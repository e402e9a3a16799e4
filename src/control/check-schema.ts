import { z } from 'zod'
import { at } from './schema.ts'

/* What verifying the stored copies found: src/replica/verify/port.ts has the types. */

export const finding = z.object({
  severity: z.enum(['recovery', 'backup', 'spare', 'warning']),
  object: z.string(),
  sessionId: z.string().exactOptional(),
  what: z.string(),
  todo: z.string(),
})
const findings = z.array(finding)

export const sessionCheck = z.object({
  kind: z.literal('session'),
  sessionId: z.string(),
  outcome: z.enum(['sound', 'damaged', 'nothing', 'unread']),
  epoch: z.number().exactOptional(),
  seq: z.number().exactOptional(),
  backups: z.number(),
  slots: z.number(),
  read: z.array(z.object({ id: z.string(), sound: z.boolean() })),
  findings,
  detail: z.string().exactOptional(),
})

export const partCheck = z.object({
  kind: z.literal('part'),
  name: z.string(),
  outcome: z.enum(['sound', 'damaged', 'unread']),
  slots: z.number(),
  findings,
  detail: z.string().exactOptional(),
})

/** How many of what was verified came out how, and how many findings there were. */
export const verifySummary = z.object({
  sessions: z.number(),
  parts: z.number(),
  sound: z.number(),
  damaged: z.number(),
  nothing: z.number(),
  unread: z.number(),
  /** Sessions whose snapshots were read whole: all of them without a sample. */
  whole: z.number(),
  /** Of damage, and what fits together badly. */
  findings: z.number(),
  warnings: z.number(),
})

/** The verification that the daemon does by itself, over the sessions of this worker. */
export const verifyView = z.object({
  intervalMs: z.number(),
  sessions: z.number(),
  /** Those whose copies were read whole at least once. */
  verified: z.number(),
  damaged: z.array(z.string()),
  /** When the one was read that was read longest ago; absent while one never was. */
  oldestAt: at.exactOptional(),
  lastAt: at.exactOptional(),
  /** Why nothing is read at the moment. */
  waiting: z.string().exactOptional(),
})
