import { z } from 'zod'
import { BACKUP_METHODS } from './backup-methods.ts'
import { LOG_METHODS } from './log-methods.ts'
import { COPY_METHODS } from './copy-methods.ts'
import { DIFF_METHODS } from './diff-methods.ts'
import { KEYRING_METHODS } from './keyring-methods.ts'
import { DAEMON_METHODS } from './daemon-methods.ts'
import { DRILL_METHODS } from './drill-methods.ts'
import { FLEET_METHODS, fleetView } from './fleet-methods.ts'
import { LISTING_METHODS } from './listing-methods.ts'
import type { MethodSpec } from './method-spec.ts'
import { PRUNE_METHODS } from './prune-methods.ts'
import {
  backendHealth,
  encryption,
  errorJson,
  ONE_TARGET,
  oneTarget,
  sessionId,
  sessionView,
  shipping,
  targets,
} from './schema.ts'
import {
  pause,
  recoveryEvent,
  recoveryResult,
  recoveryRun,
  sessionPlan,
} from './recovery-schema.ts'
import { finding, verifyView } from './check-schema.ts'
import { copyView, siteCopy } from './copy-schema.ts'
import { RESTORE_METHODS } from './restore-methods.ts'
import { SESSION_METHODS } from './session-methods.ts'
import { TRANSFER_METHODS } from './transfer-methods.ts'

export const METHODS = {
  status: {
    verb: 'GET',
    path: '/v1/status',
    permission: 'read',
    summary: 'The worker, its object store, its backend and every session',
    /** `none` leaves the list of sessions empty, for who asks often. */
    query: z.strictObject({ sessions: z.enum(['none']).exactOptional() }),
    result: z.object({
      version: z.string(),
      protocol: z.number(),
      worker: z.string(),
      pid: z.number(),
      startedAt: z.number(),
      ready: z.boolean(),
      phase: z.enum(['starting', 'recovering', 'running', 'stopping']),
      whatsapp: z.object({ url: z.string() }),
      store: z.object({
        label: z.string(),
        offHost: z.boolean(),
        healthy: z.boolean(),
        detail: z.string().exactOptional(),
        /** What to do about a store that fails. */
        next: z.string().exactOptional(),
        encryption: encryption.exactOptional(),
      }),
      shipping,
      backend: backendHealth,
      /** The recovery that runs, or the last one. */
      recovery: z.object({
        phase: z.enum(['none', 'waiting', 'running', 'done']),
        total: z.number(),
        done: z.number(),
        recovered: z.number(),
        failed: z.number(),
        skipped: z.number(),
        /** What everybody waits for at the moment. */
        paused: z.array(pause),
      }),
      verify: verifyView,
      /** Absent where nothing is copied to a second site by itself. */
      copy: copyView.exactOptional(),
      /** Absent without a fleet directory. */
      fleet: fleetView.exactOptional(),
      sessions: z.array(sessionView),
    }),
  },
  ...SESSION_METHODS,
  events: {
    verb: 'GET',
    path: '/v1/events',
    permission: 'read',
    summary: 'Messages, session states and recoveries as they happen, without an end',
    query: z.strictObject({ session: sessionId.exactOptional() }),
    endless: true,
    events: z.discriminatedUnion('type', [
      z.object({
        type: z.literal('message'),
        sessionId: z.string(),
        id: z.string(),
        /** The chat's WhatsApp id. */
        from: z.string(),
        /** Absent for what is not text. */
        text: z.string().exactOptional(),
        at: z.number(),
      }),
      z.object({ type: z.literal('session'), view: sessionView }),
      z.object({ type: z.literal('recovery'), event: recoveryEvent }),
      /** The verification that runs by itself found something. */
      z.object({ type: z.literal('finding'), finding }),
      /** Everything was copied to the second site, or not. */
      z.object({ type: z.literal('copy'), copy: siteCopy }),
    ]),
  },
  recover: {
    verb: 'POST',
    path: '/v1/recover',
    permission: 'act',
    summary: 'Brings sessions back online and says how it went',
    /** `from` or `at`, for one session: first back to a backup, or to a moment. */
    body: z
      .strictObject({
        ...targets,
        takeOver: z.boolean().exactOptional(),
        from: z.string().exactOptional(),
        at: z.number().exactOptional(),
        confirm: z.string().exactOptional(),
        /** For this run instead of what is configured. */
        concurrency: z.int().positive().exactOptional(),
        deadlineMs: z.number().positive().exactOptional(),
      })
      .refine(oneTarget, ONE_TARGET)
      .refine(
        ({ from, at, sessions }) =>
          (from === undefined && at === undefined) ||
          ((from === undefined) !== (at === undefined) && sessions?.length === 1),
        { message: 'goes with one session, and only one of from and at', path: ['from'] },
      ),
    events: recoveryEvent,
  },
  'recover.plan': {
    verb: 'POST',
    path: '/v1/recover/plan',
    permission: 'read',
    summary: 'What recovering sessions would do now, and why; changes nothing',
    body: z
      .strictObject({ ...targets, takeOver: z.boolean().exactOptional() })
      .refine(oneTarget, ONE_TARGET),
    result: z.object({ plans: z.array(sessionPlan) }),
  },
  'recoveries.list': {
    verb: 'GET',
    path: '/v1/recoveries',
    permission: 'read',
    summary: 'The recoveries of this worker, newest first, or those of one session',
    query: z.strictObject({
      session: sessionId.exactOptional(),
      limit: z.coerce.number().int().min(1).max(100).exactOptional(),
    }),
    result: z.object({ runs: z.array(recoveryRun) }),
  },
  'recoveries.show': {
    verb: 'GET',
    path: '/v1/recoveries/:run',
    permission: 'read',
    summary: 'One recovery with the result of each session; `latest` is the newest',
    params: z.strictObject({ run: z.union([z.literal('latest'), z.coerce.number().int()]) }),
    result: z.object({ run: recoveryRun, results: z.array(recoveryResult) }),
  },
  ...BACKUP_METHODS,
  ...RESTORE_METHODS,
  ...DAEMON_METHODS,
  ...LISTING_METHODS,
  ...FLEET_METHODS,
  ...DRILL_METHODS,
  ...COPY_METHODS,
  ...PRUNE_METHODS,
  ...DIFF_METHODS,
  ...KEYRING_METHODS,
  ...LOG_METHODS,
  ...TRANSFER_METHODS,
} as const satisfies Record<string, MethodSpec>

/** What a refusal says; with the type `error`, the last line of a stream that failed. */
export const failure = z.object({ error: errorJson })

type Methods = typeof METHODS
export type MethodName = keyof Methods
export type CallName = {
  [M in MethodName]: Methods[M] extends { result: z.ZodObject } ? M : never
}[MethodName]
export type StreamName = Exclude<MethodName, CallName>

type Part<M, Key extends string> =
  M extends Record<Key, infer S extends z.ZodType> ? z.output<S> : unknown

/** Path parameters, query and body in one object; their keys never meet. */
export type Input<M extends MethodName> = Part<Methods[M], 'params'> &
  Part<Methods[M], 'query'> &
  Part<Methods[M], 'body'>
export type Result<M extends CallName> = Part<Methods[M], 'result'>
export type Event<M extends StreamName> = Part<Methods[M], 'events'>
