import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { sessionId } from './schema.ts'

const which = z.union([z.string().min(1).max(200), z.strictObject({ at: z.number() })])
const side = z.object({
  /** Of a backup, `now`, or `@` and a time. */
  id: z.string(),
  seq: z.number(),
  epoch: z.number().exactOptional(),
  at: z.number(),
})
const ids = z.array(z.string())

/** Comparing states of a session. */
export const DIFF_METHODS = {
  'backup.diff': {
    verb: 'POST',
    path: '/v1/sessions/:session/diff',
    permission: 'read',
    summary:
      'What changed from one backup or moment of a session to another, or to its state now; no values',
    params: z.strictObject({ session: sessionId }),
    /** `a` and `b`: a backup's id or name, `now`, or a moment in milliseconds. `keys` adds ids, with numbers cut unless `full`. */
    body: z.strictObject({
      a: which,
      b: which,
      keys: z.boolean().exactOptional(),
      full: z.boolean().exactOptional(),
    }),
    result: z.object({
      session: z.string(),
      a: side,
      b: side,
      types: z.array(
        z.object({
          type: z.string(),
          same: z.number(),
          added: z.number(),
          removed: z.number(),
          changed: z.number(),
          ids: z.object({ added: ids, removed: ids, changed: ids }).exactOptional(),
        }),
      ),
      /** Fields of the creds that differ, by name. */
      creds: z.array(z.string()),
      /** What going back from `b` to `a` breaks. */
      breaks: z.array(z.string()),
    }),
  },
} as const satisfies Record<string, MethodSpec>
