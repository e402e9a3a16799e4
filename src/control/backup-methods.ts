import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { progressEvent } from './progress.ts'
import { backupInfo, backupName, keyring, ONE_TARGET, oneTarget, targets } from './schema.ts'
import { partCheck, sessionCheck, verifySummary } from './check-schema.ts'

const stored = {
  sessionId: z.string(),
  /** The object store holds everything up to now. */
  stored: z.boolean(),
  backup: backupInfo.exactOptional(),
  /** Why it was not stored, or that nothing had changed. */
  detail: z.string().exactOptional(),
  /** What a person does about it. */
  next: z.string().exactOptional(),
}
const storeEvents = <T extends string>(type: T) =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal(type), ...stored }),
    z.object({ type: z.literal('end'), results: z.array(z.object(stored)) }),
  ])

/** Methods about what the object store holds. */
export const BACKUP_METHODS = {
  preserve: {
    verb: 'POST',
    path: '/v1/preserve',
    permission: 'act',
    summary: 'Stores the current state of sessions, which go on running',
    body: z.strictObject(targets).refine(oneTarget, ONE_TARGET),
    events: storeEvents('preserved'),
  },
  'backup.create': {
    verb: 'POST',
    path: '/v1/backups',
    permission: 'act',
    summary: 'Makes a backup of sessions now',
    body: z
      .strictObject({ ...targets, name: backupName.exactOptional() })
      .refine(oneTarget, ONE_TARGET),
    events: storeEvents('backup'),
  },
  'backup.verify': {
    verb: 'POST',
    path: '/v1/backups/verify',
    permission: 'read',
    summary: 'Reads what is stored and tells what is damaged; changes nothing',
    /** `all`: everything in the object store, whoever owns it, with the logs of every worker. */
    body: z
      .strictObject({
        ...targets,
        /** Or how much of it, in parts of a hundred: the next so many, run after run. */
        readData: z.union([z.boolean(), z.number().positive().max(100)]).exactOptional(),
      })
      .refine(oneTarget, ONE_TARGET)
      .refine(({ readData, all }) => typeof readData !== 'number' || all === true, {
        message: 'a part of the data goes with all',
        path: ['readData'],
      }),
    events: z.discriminatedUnion('type', [
      progressEvent,
      z.object({ type: z.literal('checked'), check: z.union([sessionCheck, partCheck]) }),
      z.object({ type: z.literal('end'), summary: verifySummary }),
    ]),
  },
  'backup.key.list': {
    verb: 'GET',
    path: '/v1/keys',
    permission: 'read',
    summary: 'The keys that encrypt what is stored, without their bytes',
    result: keyring,
  },
  'backup.key.add': {
    verb: 'POST',
    path: '/v1/keys',
    permission: 'act',
    summary: 'Makes a new key, which every worker reads before any writes with it',
    result: keyring,
  },
  'backup.key.rotate': {
    verb: 'POST',
    path: '/v1/keys/rotate',
    permission: 'act',
    summary: 'Writes with the new key from now on; the one before is kept for reading',
    /** `force`: do not wait until every worker must have read the new key. */
    body: z.strictObject({ force: z.boolean().exactOptional() }),
    result: keyring,
  },
  'backup.key.rewrap': {
    verb: 'POST',
    path: '/v1/keys/rewrap',
    permission: 'act',
    summary: 'Locks the keyring with the first of the configured keys',
    result: keyring,
  },
} as const satisfies Record<string, MethodSpec>
