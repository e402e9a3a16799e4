import { z } from 'zod'
import type { MethodSpec } from './method-spec.ts'

const change = {
  /** The environment name. */
  setting: z.string(),
  /** The key in the file. */
  key: z.string(),
  /** As text; null where there is no value, `[secret]` for a secret. */
  from: z.string().nullable(),
  to: z.string().nullable(),
  origin: z.string(),
}

/** Methods about the daemon itself. */
export const DAEMON_METHODS = {
  'daemon.reload': {
    verb: 'POST',
    path: '/v1/reload',
    permission: 'act',
    summary: 'Reads the configuration again, applies what can change and names what cannot',
    result: z.object({
      /** The configuration file that was read. */
      file: z.string().nullable(),
      applied: z.array(z.object(change)),
      restart: z.array(z.object({ ...change, why: z.string() })),
      warnings: z.array(z.string()),
    }),
  },
} as const satisfies Record<string, MethodSpec>
