import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { progressEvent } from './progress.ts'
import { keyring } from './schema.ts'

/** Methods that read the whole store because of its keys; both end when their caller leaves. */
export const KEYRING_METHODS = {
  'backup.key.reencrypt': {
    verb: 'POST',
    path: '/v1/keys/reencrypt',
    permission: 'act',
    summary: 'Seals everything anew that is not under the active key',
    body: z.strictObject({}),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({ type: z.literal('failed'), object: z.string(), detail: z.string() }),
      z.object({
        type: z.literal('end'),
        summary: z.object({
          /** The key under which everything is now, but what failed. */
          key: z.string(),
          objects: z.number(),
          rewritten: z.number(),
          current: z.number(),
          failed: z.number(),
          bytes: z.number(),
        }),
      }),
    ]),
  },
  'backup.key.remove': {
    verb: 'POST',
    path: '/v1/keys/:key/remove',
    permission: 'act',
    summary: 'Removes a key from the keyring once nothing is sealed with it any more',
    params: z.strictObject({ key: z.string().regex(/^[0-9a-f]{16}$/, 'a key has 16 digits') }),
    /** `force`: do not wait until every worker must have stopped writing with it. */
    body: z.strictObject({ confirm: z.string(), force: z.boolean().exactOptional() }),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({ type: z.literal('end'), ...keyring.shape }),
    ]),
  },
} as const satisfies Record<string, MethodSpec>
