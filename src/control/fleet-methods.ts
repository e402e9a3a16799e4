import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { at, sessionId, sessionRecord } from './schema.ts'

/** How the worker's own rows in the fleet's directory are. */
export const fleetView = z.object({
  database: z.string(),
  state: z.enum(['connecting', 'connected', 'away', 'refused']),
  /** By this host's clock, as `publishedAt`. */
  since: at,
  publishedAt: at.exactOptional(),
  waiting: z.number(),
  detail: z.string().exactOptional(),
})

/** `silent`: not heard for a while, and it never said goodbye. */
const standing = z.enum(['running', 'silent', 'stopped'])

/** A worker of the fleet; times are by the database's clock. */
const fleetWorker = z.object({
  worker: z.string(),
  standing,
  boot: z.string(),
  version: z.string(),
  host: z.string(),
  ready: z.boolean(),
  startedAt: at,
  seenAt: at,
  /** Milliseconds since then. */
  silentMs: z.number(),
  stoppedAt: at.exactOptional(),
  /** Sessions by state, as it said last. */
  counts: z.record(z.string(), z.number()),
  /** Sessions of which it is the last to have said that they are its. */
  listed: z.number(),
})

const fleetSession = sessionRecord.extend({
  /** Words of other versions pass. */
  desired: z.string(),
  assignedBy: z.string(),
  lastState: z.string(),
  lastCause: z.string().nullable(),
  worker: z.string(),
  /** Of that worker; `unknown` where it is not listed itself. */
  standing: z.enum([...standing.options, 'unknown']),
  /** Milliseconds since that worker was heard; absent where it is not listed. */
  silentMs: z.number().exactOptional(),
  epoch: z.number(),
  updatedAt: at,
})

/** Methods that read what the workers of a fleet have told of themselves. */
export const FLEET_METHODS = {
  'fleet.workers': {
    verb: 'GET',
    path: '/v1/fleet/workers',
    permission: 'read',
    summary: 'The workers of the fleet, whether they are heard, and their sessions by state',
    result: z.object({ database: z.string(), workers: z.array(fleetWorker) }),
  },
  'fleet.sessions': {
    verb: 'GET',
    path: '/v1/fleet/sessions',
    permission: 'read',
    summary: 'The sessions of the fleet, or of one worker, and which worker lists each',
    query: z.strictObject({
      worker: z.string().min(1).max(200).exactOptional(),
      session: sessionId.exactOptional(),
    }),
    result: z.object({ database: z.string(), sessions: z.array(fleetSession) }),
  },
} as const satisfies Record<string, MethodSpec>
