import { isDeepStrictEqual } from 'node:util'
import { buildConfig, type Config } from './config.ts'
import { asText } from './describe.ts'
import type { LivePart } from './option.ts'
import { OPTION_NAMES, OPTIONS, type OptionName } from './options.ts'
import { ConfigError } from './problem.ts'
import type { Resolved } from './resolve.ts'
import { checkRules } from './rules.ts'
import { Secret } from './secret.ts'

/** One setting that is no longer as the daemon has it. */
export interface ChangedOption {
  /** The environment name. */
  setting: string
  /** The key in the file. */
  key: string
  /** Values as text; null where there is none, `[secret]` for a secret. */
  from: string | null
  to: string | null
  /** Where the new value comes from. */
  origin: string
}

export interface ReloadPlan {
  applied: ChangedOption[]
  /** What a running daemon cannot take. */
  restart: (ChangedOption & { why: string })[]
  parts: Set<LivePart>
  /** The running values with the new ones that can be taken. */
  resolved: Resolved
  config: Config
}

/** Why the settings of a group are read at the start alone. */
const WHY: Record<string, string> = {
  stateDir: 'the state lies there and is locked',
  socket: 'the control socket is open there',
  registry: 'the registry is open there',
  backend: 'the worker is registered with it',
  environment: 'the worker is registered with it',
  metrics: 'it was counted by it since the start',
  worker: 'sessions are owned under it',
  minio: 'sessions are stored there, and their owner records name it',
  storage: 'sessions are stored there, and their owner records name it',
  copy: 'the copies that run by themselves go to that one',
  encryption: 'what is being stored is sealed with it',
  ack: 'what was acknowledged was promised under it',
  http: 'the HTTP API was opened with it',
  whatsapp: 'connections were opened with it',
  recovery: 'it counts for the first recovery only, which has begun',
}

/**
 * Compares what a daemon runs with to what its configuration says now. Throws a ConfigError where
 * the old and the new values contradict each other.
 */
export function planReload(running: Resolved, found: Resolved): ReloadPlan {
  const values: Record<string, unknown> = { ...running.values }
  const origins: Record<string, Resolved['origins'][OptionName]> = { ...running.origins }
  const applied: ChangedOption[] = []
  const restart: ReloadPlan['restart'] = []
  const parts = new Set<LivePart>()
  for (const name of OPTION_NAMES) {
    const { env: setting, key, reload } = OPTIONS[name]
    if (same(running.values[name], found.values[name])) continue
    const change = {
      setting,
      key,
      from: asText(running.values[name]) ?? null,
      to: asText(found.values[name]) ?? null,
      origin: found.origins[name].text,
    }
    if (reload === undefined) {
      const why = WHY[key.split('.')[0] ?? key] ?? 'it is read when the daemon starts'
      restart.push({ ...change, why })
      continue
    }
    applied.push(change)
    parts.add(reload)
    values[name] = found.values[name]
    origins[name] = found.origins[name]
  }
  const resolved = { ...running, values, origins } as unknown as Resolved
  const { problems } = checkRules(resolved)
  if (problems.length > 0) throw new ConfigError(problems)
  return { applied, restart, parts, resolved, config: buildConfig(resolved.values) }
}

/** Secrets show nothing of themselves, so they would all be equal. */
function same(a: unknown, b: unknown): boolean {
  if (a instanceof Secret && b instanceof Secret) return a.reveal() === b.reveal()
  return isDeepStrictEqual(a, b)
}
