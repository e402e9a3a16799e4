import { z } from 'zod'
import { OBSTACLES } from '../session/moving-in.ts'
import type { MethodSpec } from './method-spec.ts'
import { sessionId } from './schema.ts'

const bySession = z.strictObject({ session: sessionId })

/** All values of a session as src/authstate/packed.ts packs them, in base64. */
const state = z.base64()

/** Methods that carry a whole account in or out. */
export const TRANSFER_METHODS = {
  'session.import': {
    verb: 'POST',
    path: '/v1/sessions/:session/import',
    permission: 'act',
    summary: 'Takes up a session with the state that another gateway kept; connects nothing',
    params: bySession,
    /** `connect`: it may be connected from now on. `dryRun`: only say what would be done. */
    body: z.strictObject({
      state,
      name: z.string().max(200).exactOptional(),
      connect: z.boolean().exactOptional(),
      dryRun: z.boolean().exactOptional(),
    }),
    account: true,
    result: z.object({
      admission: z.discriminatedUnion('outcome', [
        z.object({
          outcome: z.literal('imported'),
          epoch: z.number(),
          seq: z.number(),
          keys: z.number(),
        }),
        z.object({ outcome: z.literal('present'), seq: z.number() }),
        z.object({
          outcome: z.literal('skipped'),
          why: z.enum(OBSTACLES),
          detail: z.string(),
          todo: z.string(),
        }),
      ]),
    }),
  },
  'session.export': {
    verb: 'POST',
    path: '/v1/sessions/:session/export',
    permission: 'act',
    summary:
      'Hands out the state of a session, which is the account: whoever has it is the session',
    params: bySession,
    /** `backup`: the state of that backup instead of the present one. */
    body: z.strictObject({
      backup: z.string().min(1).max(200).exactOptional(),
      confirm: z.string(),
    }),
    account: true,
    result: z.object({
      session: z.string(),
      worker: z.string(),
      seq: z.number(),
      hash: z.string(),
      keys: z.number(),
      /** When this state was the newest: the backup's time, or now. */
      at: z.number(),
      /** The session runs here, so that what was handed out grows old with its next message. */
      online: z.boolean(),
      state,
    }),
  },
} as const satisfies Record<string, MethodSpec>
