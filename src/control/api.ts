import { z } from 'zod'
import {
  backendHealth,
  backupInfo,
  encryption,
  errorJson,
  keyring,
  ONE_TARGET,
  oneTarget,
  ownerView,
  partCheck,
  pause,
  phone,
  recoveryEvent,
  recoveryResult,
  recoveryRun,
  sessionCheck,
  sessionId,
  sessionPlan,
  sessionRecord,
  sessionState,
  sessionView,
  shipping,
  targets,
  verifySummary,
} from './schema.ts'

/** Grows when a change is not additive; client and daemon must have the same. */
export const PROTOCOL = 1

/** `read` looks; `act` changes something, or shows what is worth the account (a QR). */
type Permission = 'read' | 'act'

/**
 * One method of the control API. A call has `result`; a stream has `events`, sent as NDJSON, one
 * JSON object a line. Every `:name` of the path is a key of `params`.
 */
export interface MethodSpec {
  verb: 'GET' | 'POST' | 'DELETE'
  path: `/v1/${string}`
  permission: Permission
  summary: string
  params?: z.ZodObject
  query?: z.ZodObject
  body?: z.ZodObject
  result?: z.ZodObject
  events?: z.ZodType
  /** A stream that goes on until the caller leaves; the others end with `result` or `end`. */
  endless?: true
}

const bySession = z.strictObject({ session: sessionId })
/** The session's id typed again, so that a slip of the keyboard unlinks nothing. */
const confirm = z.strictObject({ confirm: z.string() })
const oneSession = z.object({ session: sessionView })

const stored = {
  sessionId: z.string(),
  /** The object store holds everything up to now. */
  stored: z.boolean(),
  backup: backupInfo.exactOptional(),
  /** Why it was not stored, or that nothing had changed. */
  detail: z.string().exactOptional(),
}
const storeEvents = <T extends string>(type: T) =>
  z.discriminatedUnion('type', [
    z.object({ type: z.literal(type), ...stored }),
    z.object({ type: z.literal('end'), results: z.array(z.object(stored)) }),
  ])

export const METHODS = {
  status: {
    verb: 'GET',
    path: '/v1/status',
    permission: 'read',
    summary: 'The worker, its object store, its backend and every session',
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
      sessions: z.array(sessionView),
    }),
  },
  'session.list': {
    verb: 'GET',
    path: '/v1/sessions',
    permission: 'read',
    summary: 'Every session of this worker',
    result: z.object({ sessions: z.array(sessionView) }),
  },
  'session.show': {
    verb: 'GET',
    path: '/v1/sessions/:session',
    permission: 'read',
    summary: 'One session: state, metadata, owner, and what to do next',
    params: bySession,
    result: z.object({
      session: sessionView,
      record: sessionRecord.nullable(),
      /** Null where the store knows nothing of the session, or could not be asked. */
      owner: ownerView.nullable(),
      /** Why the store could not be asked. */
      ownerError: z.string().exactOptional(),
      backups: z.number(),
      /** What the person does next; absent while nothing is wrong. */
      next: z.string().exactOptional(),
    }),
  },
  'session.create': {
    verb: 'POST',
    path: '/v1/sessions',
    permission: 'act',
    summary: 'Begins to pair a session in the background; session.qr gives the QR or code',
    body: z.strictObject({
      id: sessionId,
      name: z.string().max(200).exactOptional(),
      phone: phone.exactOptional(),
    }),
    result: z.object({ id: z.string(), state: sessionState }),
  },
  'session.qr': {
    verb: 'GET',
    path: '/v1/sessions/:session/qr',
    permission: 'act',
    summary: 'The QR or pairing code that a session waits with',
    params: bySession,
    result: z.object({
      state: sessionState,
      qr: z.string().exactOptional(),
      code: z.string().exactOptional(),
    }),
  },
  'session.pair': {
    verb: 'POST',
    path: '/v1/sessions/:session/pair',
    permission: 'act',
    summary: 'Pairs a session and streams the QR or code to show',
    params: bySession,
    body: z.strictObject({
      /** Wanted: a pairing code for this phone instead of a QR. */
      phone: phone.exactOptional(),
      name: z.string().max(200).exactOptional(),
      timeoutMs: z.number().int().min(1000).max(3_600_000).exactOptional(),
    }),
    events: z.discriminatedUnion('type', [
      z.object({ type: z.literal('qr'), qr: z.string(), expiresAt: z.number().exactOptional() }),
      z.object({ type: z.literal('code'), code: z.string() }),
      z.object({ type: z.literal('state'), state: sessionState }),
      z.object({
        type: z.literal('result'),
        outcome: z.literal('paired'),
        phone: z.string().exactOptional(),
      }),
    ]),
  },
  'session.logout': {
    verb: 'POST',
    path: '/v1/sessions/:session/logout',
    permission: 'act',
    summary: 'Unlinks the device from the phone; the session must be paired again',
    params: bySession,
    body: confirm,
    result: z.object({
      id: z.string(),
      /** False: WhatsApp could not be told, the phone may still list the device. */
      unlinked: z.boolean(),
      detail: z.string().exactOptional(),
    }),
  },
  'session.remove': {
    verb: 'DELETE',
    path: '/v1/sessions/:session',
    permission: 'act',
    summary: 'Unlinks the device and deletes the session with its backups',
    params: bySession,
    query: confirm,
    result: z.object({
      id: z.string(),
      unlinked: z.boolean(),
      detail: z.string().exactOptional(),
    }),
  },
  'session.pause': {
    verb: 'POST',
    path: '/v1/sessions/:session/pause',
    permission: 'act',
    summary: 'Closes the connection and keeps it closed until resumed; stays linked',
    params: bySession,
    result: oneSession,
  },
  'session.resume': {
    verb: 'POST',
    path: '/v1/sessions/:session/resume',
    permission: 'act',
    summary: 'Lets a paused session connect again',
    params: bySession,
    result: oneSession,
  },
  'session.send': {
    verb: 'POST',
    path: '/v1/sessions/:session/messages',
    permission: 'act',
    summary: 'Sends a text message',
    params: bySession,
    body: z.strictObject({
      to: z
        .string()
        .regex(
          /^(\d{5,20}|[^@\s]+@[a-z.]+)$/,
          'use digits with the country code, or a WhatsApp id',
        ),
      text: z.string().min(1).max(65_536),
    }),
    result: z.object({
      messageId: z.string(),
      status: z.enum(['pending', 'sent', 'delivered', 'read']),
    }),
  },
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
    ]),
  },
  recover: {
    verb: 'POST',
    path: '/v1/recover',
    permission: 'act',
    summary: 'Brings sessions back online and says how it went',
    /** `from` or `at`, for one session: first back to a backup, or to the newest one made by then. */
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
    body: z.strictObject(targets).refine(oneTarget, ONE_TARGET),
    events: storeEvents('backup'),
  },
  'backup.list': {
    verb: 'GET',
    path: '/v1/backups',
    permission: 'read',
    summary: 'The backups of one session, or of all',
    query: z.strictObject({ session: sessionId.exactOptional() }),
    result: z.object({ backups: z.array(backupInfo) }),
  },
  'backup.verify': {
    verb: 'POST',
    path: '/v1/backups/verify',
    permission: 'read',
    summary: 'Reads what is stored and tells what is damaged; changes nothing',
    /** `all`: everything in the object store, whoever owns it, with the logs of every worker. */
    body: z
      .strictObject({ ...targets, readData: z.boolean().exactOptional() })
      .refine(oneTarget, ONE_TARGET),
    events: z.discriminatedUnion('type', [
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
  'backup.restore': {
    verb: 'POST',
    path: '/v1/sessions/:session/restore',
    permission: 'act',
    summary: 'Makes an older backup the state of a stopped session',
    params: bySession,
    body: z.strictObject({ backup: z.string().min(1).max(200), confirm: z.string() }),
    result: z.object({
      id: z.string(),
      epoch: z.number(),
      seq: z.number(),
      /** The backup that holds the state which was replaced. */
      replaced: backupInfo.exactOptional(),
    }),
  },
} as const satisfies Record<string, MethodSpec>

/** What ends a stream that failed: its last line. */
export const streamError = z.object({ type: z.literal('error'), error: errorJson })

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
