import { z } from 'zod'
import { LOG_LEVELS } from './log-levels.ts'
import type { MethodSpec } from './method-spec.ts'
import { sessionId } from './schema.ts'

/** What the daemon said lately. Lines are without secrets, keys and texts, as its log is. */
export const LOG_METHODS = {
  logs: {
    verb: 'GET',
    path: '/v1/logs',
    permission: 'read',
    summary: 'The last lines of the log, and those that follow if wanted',
    query: z.strictObject({
      /** Go on with new lines until the caller leaves. */
      follow: z.stringbool().exactOptional(),
      /** Only lines of this level and graver ones. */
      level: z.enum(LOG_LEVELS).exactOptional(),
      session: sessionId.exactOptional(),
      /** At most so many of the lines that are kept; the newest. */
      lines: z.coerce.number().int().min(0).max(10_000).exactOptional(),
    }),
    endless: true,
    events: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('line'),
        at: z.number(),
        level: z.enum(LOG_LEVELS),
        message: z.string(),
        session: z.string().exactOptional(),
        /** The error and its causes, in words. */
        error: z.string().exactOptional(),
        fields: z.record(z.string(), z.unknown()).exactOptional(),
      }),
      z.object({ type: z.literal('end') }),
    ]),
  },
} as const satisfies Record<string, MethodSpec>
