import { z } from 'zod'
import { assignedSource, at, causeId } from './schema.ts'

/* Recovering sessions, planned, under way and done: src/session/report.ts and plan.ts. */

export const recoveryResult = z.object({
  sessionId: z.string(),
  outcome: z.enum(['recovered', 'failed', 'skipped']),
  route: z.enum(['none', 'warm', 'cold']).exactOptional(),
  cause: causeId.exactOptional(),
  detail: z.string().exactOptional(),
  attempts: z.number(),
  durations: z.object({
    queue: z.number().exactOptional(),
    restore: z.number().exactOptional(),
    connect: z.number().exactOptional(),
    total: z.number(),
  }),
  recoveredAt: at.exactOptional(),
})

const outage = z.enum(['whatsapp', 'store'])

/** What waits for whom: logins for WhatsApp, restores for the object store. */
export const pause = z.object({ outage, cause: causeId, since: at, probes: z.number() })

/** What recovering a session would do: src/session/plan.ts, and what needs no plan. */
export const sessionPlan = z.object({
  sessionId: z.string(),
  action: z.enum(['nothing', 'connect', 'restore', 'create', 'wait', 'refuse', 'skip']),
  why: z.string(),
  cause: causeId.exactOptional(),
  notes: z.array(z.string()).exactOptional(),
})

export const recoveryEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begin'), total: z.number() }),
  z.object({ type: z.literal('attempt'), sessionId: z.string(), attempt: z.number() }),
  z.object({
    type: z.literal('restored'),
    sessionId: z.string(),
    route: z.enum(['none', 'warm', 'cold']),
    ms: z.number(),
  }),
  z.object({
    type: z.literal('retry'),
    sessionId: z.string(),
    attempt: z.number(),
    delayMs: z.number(),
    detail: z.string(),
  }),
  z.object({ type: z.literal('paused'), ...pause.shape }),
  z.object({ type: z.literal('probe'), outage, sessionId: z.string(), probes: z.number() }),
  z.object({ type: z.literal('resumed'), outage, pausedMs: z.number() }),
  z.object({
    type: z.literal('settled'),
    result: recoveryResult,
    done: z.number(),
    total: z.number(),
  }),
  z.object({ type: z.literal('end'), results: z.array(recoveryResult) }),
])

/** One recovery; the counts are of its sessions, `warm`, `cold` and `none` of where their state was. */
export const recoveryRun = z.object({
  id: z.number(),
  trigger: z.enum(['start', 'provisional', 'operator', 'assigned', 'backend-returned', 'retry']),
  source: assignedSource.exactOptional(),
  state: z.enum(['running', 'ended', 'interrupted']),
  startedAt: at,
  endedAt: at.exactOptional(),
  total: z.number(),
  recovered: z.number(),
  failed: z.number(),
  skipped: z.number(),
  warm: z.number(),
  cold: z.number(),
  none: z.number(),
})
