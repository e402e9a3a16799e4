import { OPTION_NAMES, OPTIONS, type OptionName, type Values } from './options.ts'
import type { Resolved } from './resolve.ts'
import { Secret } from './secret.ts'

export interface DescribedOption {
  /** The environment name. */
  setting: string
  /** The key in the file. */
  key: string
  /** The value as text; undefined when it is not set. A secret is `[secret]`. */
  value: string | undefined
  origin: string
  secret: boolean
}

export function describeOptions({ values, origins }: Resolved): DescribedOption[] {
  return OPTION_NAMES.map((name) => ({
    setting: OPTIONS[name].env,
    key: OPTIONS[name].key,
    value: asText(values[name]),
    origin: origins[name].text,
    secret: OPTIONS[name].secret === true,
  }))
}

export function asText(value: Values[OptionName]): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  if (value instanceof Secret || typeof value !== 'object') return String(value)
  if (!('host' in value)) return value.join('.')
  return `${value.host.includes(':') ? `[${value.host}]` : value.host}:${value.port}`
}
