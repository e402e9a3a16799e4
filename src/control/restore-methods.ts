import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import { backupInfo, sessionId } from './schema.ts'

const bySession = z.strictObject({ session: sessionId })

/** What is gone back to: a backup by id or name, a moment, or what the last going back replaced. */
const target = {
  backup: z.string().min(1).max(200).exactOptional(),
  /** Milliseconds since the epoch. */
  at: z.int().nonnegative().exactOptional(),
  undo: z.literal(true).exactOptional(),
}

const ONE = { message: 'goes with just one of backup, at and undo', path: ['backup'] }

function isOne({ backup, at, undo }: { backup?: string; at?: number; undo?: true }): boolean {
  return [backup, at, undo].filter((given) => given !== undefined).length === 1
}

/** A state by its newest change and when that was made. */
const mark = z.object({ seq: z.number(), changedAt: z.number() })

const restorePlan = z.object({
  sessionId: z.string(),
  /** The session's state at this worker. */
  state: z.string(),
  /** The backup that it begins from; absent where the log tells it from the pairing on. */
  base: backupInfo.exactOptional(),
  /** Changes of the log that are replayed on it. */
  replayed: z.number(),
  reached: mark,
  present: mark,
  undone: z.object({ changes: z.number(), ms: z.number() }),
  /** What it breaks, in sentences; absent where the present state is not on this disk. */
  breaks: z.array(z.string()).exactOptional(),
  /** Why the present state could not be kept as a backup; empty where it will be. */
  keeps: z.object({ why: z.string().exactOptional() }),
  /** From when on every moment can be restored. */
  exactSince: z.number().exactOptional(),
  /** Why it would be refused now, and what to do about it. */
  refused: z.object({ why: z.string(), todo: z.string() }).exactOptional(),
})

/** Methods that take a session back in time. */
export const RESTORE_METHODS = {
  'backup.restore.plan': {
    verb: 'POST',
    path: '/v1/sessions/:session/restore/plan',
    permission: 'read',
    summary: 'What taking a session back in time would do; changes nothing',
    params: bySession,
    body: z.strictObject(target).refine(isOne, ONE),
    result: restorePlan,
  },
  'backup.restore': {
    verb: 'POST',
    path: '/v1/sessions/:session/restore',
    permission: 'act',
    summary: 'Makes an earlier state that of a stopped session',
    params: bySession,
    body: z.strictObject({ ...target, confirm: z.string() }).refine(isOne, ONE),
    result: z.object({
      id: z.string(),
      epoch: z.number(),
      seq: z.number(),
      /** The backup that holds the state which was replaced. */
      replaced: backupInfo.exactOptional(),
    }),
  },
} as const satisfies Record<string, MethodSpec>
