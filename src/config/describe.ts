import { OPTION_NAMES, OPTIONS } from './options.ts'
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

function asText(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value instanceof Secret) return String(value)
  if (Array.isArray(value)) return value.join('.')
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    const host = String(value.host)
    return `${host.includes(':') ? `[${host}]` : host}:${String(value.port)}`
  }
  return String(value)
}
