import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { backupInfo, sessionId } from './schema.ts'

/** A backup, whose session it is, and when it was last read whole. */
const listedBackup = backupInfo.extend({
  verified: z.object({ at: z.number(), sound: z.boolean() }).exactOptional(),
})

/** Methods that look at what the object store holds. */
export const LISTING_METHODS = {
  'backup.list': {
    verb: 'GET',
    path: '/v1/backups',
    permission: 'read',
    summary: 'The backups of one session, or of all',
    /** `everywhere`: also of sessions that this worker does not have. */
    query: z.strictObject({
      session: sessionId.exactOptional(),
      everywhere: z.stringbool().exactOptional(),
    }),
    result: z.object({
      backups: z.array(listedBackup),
      /** Sessions of which it could not be told. */
      unread: z.array(z.object({ sessionId: z.string(), detail: z.string() })),
    }),
  },
  'backup.show': {
    verb: 'GET',
    path: '/v1/backups/:backup',
    permission: 'read',
    summary: 'One backup: what it holds, where it lies, and what going back to it would undo',
    params: z.strictObject({ backup: z.string().min(1).max(200) }),
    query: z.strictObject({ session: sessionId.exactOptional() }),
    result: z.object({
      backup: listedBackup,
      /** Who wrote the session's newest change, and which that is. */
      owner: z.object({
        worker: z.string(),
        epoch: z.number(),
        seq: z.number(),
        released: z.boolean(),
      }),
      /** What lies in the store under which name; bytes. */
      objects: z.array(
        z.object({ name: z.string(), size: z.number().exactOptional(), what: z.string() }),
      ),
      /** Changes that were made after it, and for how long already. */
      undoes: z.object({ changes: z.number(), ms: z.number() }),
      /** From when on the session can go back to every moment, in milliseconds since the epoch. */
      exactSince: z.number().exactOptional(),
      /** Why it cannot be read; the rest is absent then. */
      damage: z.string().exactOptional(),
      /** Values by type; bytes. */
      keys: z
        .array(z.object({ type: z.string(), count: z.number(), bytes: z.number() }))
        .exactOptional(),
      /** Facts of the creds, none of them secret. */
      creds: z
        .object({
          linked: z.boolean(),
          /** The last digits of the number alone. */
          phone: z.string().exactOptional(),
          name: z.string().exactOptional(),
          platform: z.string().exactOptional(),
          nextPreKeyId: z.number().exactOptional(),
        })
        .exactOptional(),
      /** What does not fit together in it. */
      doubts: z.array(z.string()).exactOptional(),
    }),
  },
} as const satisfies Record<string, MethodSpec>
