import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { progressEvent } from './progress.ts'
import { backupInfo, ONE_TARGET, oneTarget, targets } from './schema.ts'

const prunedBackup = backupInfo.extend({ reasons: z.array(z.string()) })

/** One session's backups, with the reasons why each stays or goes. */
export const sessionPruned = z.object({
  sessionId: z.string(),
  outcome: z.enum(['pruned', 'nothing', 'skipped', 'failed']),
  kept: z.array(prunedBackup),
  dropped: z.array(prunedBackup),
  leftovers: z.number(),
  bytes: z.number(),
  detail: z.string().exactOptional(),
})

/** Which backups stay; the rules add up, and `keepWithin` is in milliseconds. */
const retention = z.strictObject({
  keepLast: z.int().nonnegative(),
  keepHourly: z.int().nonnegative(),
  keepDaily: z.int().nonnegative(),
  keepWithin: z.number().nonnegative(),
})

/** Methods that delete backups. */
export const PRUNE_METHODS = {
  'backup.prune': {
    verb: 'POST',
    path: '/v1/backups/prune',
    permission: 'act',
    summary: 'Deletes the backups that no rule keeps, and stored snapshots that no record names',
    /**
     * `all`: everything that is stored. Without `policy` the configured one holds; one that keeps less
     * wants `confirmed`.
     */
    body: z
      .strictObject({
        ...targets,
        policy: retention.exactOptional(),
        dropNamed: z.array(z.string().min(1).max(64)).exactOptional(),
        dryRun: z.boolean().exactOptional(),
        confirmed: z.boolean().exactOptional(),
      })
      .refine(oneTarget, ONE_TARGET),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({ type: z.literal('pruned'), pruned: sessionPruned }),
      z.object({
        type: z.literal('end'),
        summary: z.object({
          dryRun: z.boolean(),
          /** The policy keeps less than the configured one. */
          stricter: z.boolean(),
          sessions: z.number(),
          backups: z.number(),
          leftovers: z.number(),
          bytes: z.number(),
          skipped: z.number(),
          failed: z.number(),
        }),
      }),
    ]),
  },
} as const satisfies Record<string, MethodSpec>
