import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'
import {
  ownerView,
  phone,
  sessionId,
  sessionRecord,
  sessionState,
  sessionView,
  tried,
} from './schema.ts'
import { pause } from './recovery-schema.ts'

const bySession = z.strictObject({ session: sessionId })
/** The session's id typed again, so that a slip of the keyboard unlinks nothing. */
const confirm = z.strictObject({ confirm: z.string() })
/** What was deleted of a session, and what stays. */
const deleted = {
  snapshots: z.number(),
  bytes: z.number(),
  logUntil: z.number(),
  setAside: z.object({
    deleted: z.array(z.string()),
    stayed: z.array(z.object({ path: z.string(), why: z.string() })),
  }),
}
const oneSession = z.object({ session: sessionView })

/** Methods about one session. */
export const SESSION_METHODS = {
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
      /** What was tried since the worker started, the newest last. */
      tried: z.array(tried),
      /** What all sessions wait for at the moment. */
      paused: z.array(pause),
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
    /** What was deleted, and what stays: see `session remove --help`. */
    result: z.object({
      id: z.string(),
      unlinked: z.boolean(),
      detail: z.string().exactOptional(),
      ...deleted,
    }),
  },
  'session.forget': {
    verb: 'POST',
    path: '/v1/sessions/:session/forget',
    permission: 'act',
    summary: 'Deletes a session that goes on elsewhere with its backups; its device stays linked',
    params: bySession,
    body: confirm,
    result: z.object({ id: z.string(), ...deleted }),
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
} as const satisfies Record<string, MethodSpec>
