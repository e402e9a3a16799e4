import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { progressEvent } from './progress.ts'
import { sessionId } from './schema.ts'

/** Methods that copy between the worker's store and another one. */
export const COPY_METHODS = {
  'backup.copy': {
    verb: 'POST',
    path: '/v1/backups/copy',
    permission: 'act',
    summary: 'Copies what is stored to another store or from there; ends when its caller leaves',
    /** `store`: `folder:/path` or `s3://bucket/prefix`. Without `sessions` everything is copied. */
    body: z.strictObject({
      store: z.string().min(1).max(1_000),
      direction: z.enum(['to', 'from']),
      sessions: z.array(sessionId).min(1).exactOptional(),
      prune: z.boolean().exactOptional(),
    }),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({
        type: z.literal('session'),
        sessionId: z.string(),
        outcome: z.enum(['copied', 'same', 'nothing', 'newer', 'used', 'failed']),
        epoch: z.number().exactOptional(),
        seq: z.number().exactOptional(),
        removed: z.boolean().exactOptional(),
        code: z.string().exactOptional(),
        detail: z.string().exactOptional(),
      }),
      z.object({
        type: z.literal('end'),
        summary: z.object({
          sessions: z.number(),
          copied: z.number(),
          same: z.number(),
          newer: z.number(),
          used: z.number(),
          failed: z.number(),
          objects: z.number(),
          bytes: z.number(),
          pruned: z.number(),
          at: z.number(),
        }),
      }),
    ]),
  },
} as const satisfies Record<string, MethodSpec>
