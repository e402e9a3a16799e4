import { BACKEND_OPTIONS } from './backend-options.ts'
import { COPY_OPTIONS } from './copy-options.ts'
import { FLEET_OPTIONS } from './fleet-options.ts'
import { NETWORK_OPTIONS } from './network-options.ts'
import type { Option } from './option.ts'
import { RETENTION_OPTIONS } from './retention-options.ts'
import { STORAGE_OPTIONS } from './storage-options.ts'
import { WORKER_OPTIONS } from './worker-options.ts'

/**
 * Every setting. One row gives its type, default, environment variable, key in the file, place in
 * Config, README line and example. A row may use the values of rows above it for its default.
 */
export const OPTIONS = {
  ...WORKER_OPTIONS,
  ...BACKEND_OPTIONS,
  ...FLEET_OPTIONS,
  ...STORAGE_OPTIONS,
  ...COPY_OPTIONS,
  ...RETENTION_OPTIONS,
  ...NETWORK_OPTIONS,
} as const

type Options = typeof OPTIONS
export type OptionName = keyof Options

export const OPTION_NAMES = Object.keys(OPTIONS) as OptionName[]

/** The type of one setting; includes undefined where its row has no default. */
export type ValueOf<N extends OptionName> = Options[N] extends Option<infer T, string> ? T : never

/** Every setting by name, flat. */
export type Values = { [N in OptionName]: ValueOf<N> }
