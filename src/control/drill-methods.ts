import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { progressEvent } from './progress.ts'
import { sessionId } from './schema.ts'

/** What came of one session in a drill. Times are milliseconds. */
const drilled = z.object({
  sessionId: z.string(),
  /** `nothing`: no linked state of it is stored. `skipped`: `detail` says why. */
  outcome: z.enum(['restored', 'failed', 'nothing', 'skipped']),
  /** Reading and decrypting, putting in place and reading back, logging the copy in. */
  readMs: z.number().exactOptional(),
  installMs: z.number().exactOptional(),
  loginMs: z.number().exactOptional(),
  /** Until the copy had read a message and one that it sent had arrived. */
  exchangeMs: z.number().exactOptional(),
  /** Of all that was restored, as the state holds it. */
  bytes: z.number().exactOptional(),
  keys: z.number().exactOptional(),
  seq: z.number().exactOptional(),
  /**
   * What every byte was held against: the state on this disk at that change, or, of a session that
   * runs elsewhere, what the store holds, by the hash chain of its history.
   */
  proof: z.enum(['disk', 'chain']).exactOptional(),
  detail: z.string().exactOptional(),
})

const ms = z.object({ p50: z.number(), p95: z.number(), max: z.number() })

const drillSummary = z.object({
  sessions: z.number(),
  restored: z.number(),
  failed: z.number(),
  nothing: z.number(),
  skipped: z.number(),
  loggedIn: z.number(),
  /** Copies that then read a message and sent one. */
  exchanged: z.number(),
  bytes: z.number(),
  /** Milliseconds that the drill took. */
  tookMs: z.number(),
  restoreMs: ms,
  loginMs: ms.exactOptional(),
  /** How long it would take to have every session of this worker back on another host. */
  rto: z.object({ sessions: z.number(), restoreMs: z.number(), totalMs: z.number() }),
  /** What would be lost with this host now. */
  rpo: z.object({
    ack: z.enum(['local', 'remote']),
    /** False: the store is on this host, and everything would be lost. */
    offHost: z.boolean(),
    changes: z.number(),
    oldestMs: z.number(),
    behind: z.array(z.object({ sessionId: z.string(), changes: z.number() })),
    neverStored: z.array(z.string()),
  }),
  atRisk: z.array(z.object({ sessionId: z.string(), why: z.string() })),
})

export const DRILL_METHODS = {
  'backup.drill': {
    verb: 'POST',
    path: '/v1/backups/drill',
    permission: 'act',
    summary: 'Restores copies of sessions into a scratch place and proves them; changes nothing',
    /**
     * `sample`: so many in a hundred of all. `login`: log each copy in, at a simulator of the drill's
     * own or at the one at this address.
     */
    body: z
      .strictObject({
        sessions: z.array(sessionId).min(1).exactOptional(),
        all: z.boolean().exactOptional(),
        sample: z.number().positive().max(100).exactOptional(),
        login: z.union([z.literal('own'), z.string().min(1).max(500)]).exactOptional(),
      })
      .refine(
        ({ sessions, all, sample }) =>
          [sessions !== undefined, all === true, sample !== undefined].filter(Boolean).length === 1,
        { message: 'give one of sessions, all and sample', path: ['sessions'] },
      ),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({ type: z.literal('session'), result: drilled }),
      z.object({ type: z.literal('end'), summary: drillSummary }),
    ]),
  },
} as const satisfies Record<string, MethodSpec>
