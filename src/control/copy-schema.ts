import { z } from 'zod'
import { at } from './schema.ts'

/** The copies to the second site that the daemon makes by itself. */
export const copyView = z.object({
  store: z.string(),
  intervalMs: z.number(),
  /** When the last complete one began; absent while there is none. */
  completeAt: at.exactOptional(),
  running: z.object({ done: z.number(), total: z.number().exactOptional() }).exactOptional(),
  /** Why the last one was not complete. */
  trouble: z
    .object({
      at,
      outcome: z.enum(['incomplete', 'failed']),
      detail: z.string().exactOptional(),
    })
    .exactOptional(),
  nextAt: at.exactOptional(),
  waiting: z.string().exactOptional(),
})

/** How a copy of everything to the second site ended: `at` is when it began, of `failed` the end. */
export const siteCopy = z.object({
  store: z.string(),
  outcome: z.enum(['complete', 'incomplete', 'failed']),
  at,
  sessions: z.number(),
  bytes: z.number(),
  detail: z.string().exactOptional(),
})
