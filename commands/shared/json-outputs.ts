import { z } from 'zod'
import { METHODS } from '../../src/control/api.ts'

interface Output {
  about: string
  /** Absent where there is nothing for a program to read. */
  schema?: z.ZodType
}

const problem = z.object({
  setting: z.string(),
  message: z.string(),
  origin: z.string().exactOptional(),
})
const verdict = z.enum(['pass', 'warn', 'fail', 'skip'])
const counted = z.object({ pass: z.number(), warn: z.number(), fail: z.number(), skip: z.number() })
const check = z.object({
  id: z.string(),
  title: z.string(),
  verdict,
  found: z.string(),
  fix: z.string().exactOptional(),
})
const offline = z.object({
  sessionId: z.string(),
  outcome: z.enum(['ready', 'failed', 'skipped']),
  route: z.string().exactOptional(),
  cause: z.string().exactOptional(),
  detail: z.string().exactOptional(),
  took: z.number(),
})

const counts = { present: z.number(), skipped: z.number(), failed: z.number() }
const exported = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('session'),
    session: z.string(),
    outcome: z.enum(['exported', 'present', 'skipped', 'failed']),
    path: z.string().exactOptional(),
    seq: z.number().exactOptional(),
    keys: z.number().exactOptional(),
    at: z.number().exactOptional(),
    online: z.boolean().exactOptional(),
    detail: z.string().exactOptional(),
    todo: z.string().exactOptional(),
  }),
  z.object({ type: z.literal('end'), exported: z.number(), ...counts }),
])
const imported = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('session'),
    session: z.string(),
    place: z.string(),
    outcome: z.enum(['imported', 'present', 'skipped', 'failed']),
    why: z.string().exactOptional(),
    detail: z.string().exactOptional(),
    todo: z.string().exactOptional(),
    keys: z.number().exactOptional(),
    notes: z.array(z.string()),
  }),
  z.object({ type: z.literal('end'), imported: z.number(), ...counts }),
])

/** What commands print with --json that is not, or not only, what the daemon answers. */
export const OUTPUTS: Record<string, Output> = {
  daemon: { about: 'Prints nothing on stdout; its log on stderr is JSON by itself.' },
  recover: {
    about:
      'The events of the recovery; with `--dry-run` one object `{ plans }`, with `--offline` the last line is `{ type: "end", results }` of what the disk got.',
    schema: z.union([
      METHODS.recover.events,
      METHODS['recover.plan'].result,
      z.object({ type: z.literal('settled'), result: offline }),
      z.object({ type: z.literal('end'), results: z.array(offline) }),
    ]),
  },
  'session pair': {
    about: 'Each QR as it comes, or the code, then the result.',
    schema: z.discriminatedUnion('type', [
      z.object({ type: z.literal('qr'), qr: z.string() }),
      z.object({ type: z.literal('code'), code: z.string() }),
      z.object({
        type: z.literal('result'),
        outcome: z.literal('paired'),
        phone: z.string().exactOptional(),
      }),
    ]),
  },
  'session import': {
    about: 'A line a session, the counts, and with `--connect` the events of the recovery.',
    schema: imported,
  },
  'backup restore': {
    about: 'With `--dry-run` it prints the plan instead, and changes nothing.',
    schema: z.union([METHODS['backup.restore'].result, METHODS['backup.restore.plan'].result]),
  },
  'backup export': { about: 'A line a session, then the counts.', schema: exported },
  status: {
    about: 'With `--why` it prints what `session show` does.',
    schema: METHODS.status.result,
  },
  fleet: {
    about: 'The workers, in order of their names.',
    schema: METHODS['fleet.workers'].result,
  },
  wait: {
    about: 'When everything holds that was waited for.',
    schema: z.object({ met: z.array(z.string()) }),
  },
  doctor: { about: 'All checks.', schema: z.object({ counts: counted, checks: z.array(check) }) },
  'support-bundle': {
    about: 'Where the archive is, and what is in it.',
    schema: z.object({ written: z.string(), files: z.array(z.string()) }),
  },
  'config show': {
    about: 'Every setting; secrets are `[secret]`, and what is not set has no value.',
    schema: z.object({
      file: z.string().nullable(),
      warnings: z.array(z.string()),
      settings: z.array(
        z.object({
          setting: z.string(),
          key: z.string(),
          value: z.string().exactOptional(),
          origin: z.string(),
          secret: z.boolean(),
        }),
      ),
    }),
  },
  'config validate': {
    about: 'With `valid: false` the exit status is 78.',
    schema: z.object({
      valid: z.boolean(),
      file: z.string().nullable(),
      problems: z.array(problem),
      warnings: z.array(z.string()),
    }),
  },
  'config init': {
    about: 'Where the file is; with `--print` its text.',
    schema: z.union([z.object({ written: z.string() }), z.object({ text: z.string() })]),
  },
  completion: {
    about: 'The script.',
    schema: z.object({ shell: z.string(), script: z.string() }),
  },
  simulator: {
    about: 'Where it listens, before it serves until Ctrl-C.',
    schema: z.object({ url: z.string(), root: z.string(), control: z.string() }),
  },
}
