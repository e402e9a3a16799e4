import { decodeValue } from '../authstate/codec.ts'
import type { Entry } from '../authstate/port.ts'
import type { Result } from '../control/api.ts'
import { masked } from './redact.ts'

type Shown = Result<'backup.show'>

/** How many values of each type there are, and their bytes; the most first. */
export function keysByType(entries: readonly Entry[]): NonNullable<Shown['keys']> {
  const types = new Map<string, { count: number; bytes: number }>()
  for (const { type, value } of entries) {
    const { count, bytes } = types.get(type) ?? { count: 0, bytes: 0 }
    types.set(type, { count: count + 1, bytes: bytes + value.length })
  }
  return Array.from(types, ([type, sums]) => ({ type, ...sums })).toSorted(
    (one, other) => other.count - one.count,
  )
}

/** What may be said of the creds: nothing secret, and the number's last digits alone. */
export function credsFacts(entries: readonly Entry[]): NonNullable<Shown['creds']> {
  const creds = entries.find(({ type }) => type === 'creds')
  const decoded = creds === undefined ? undefined : decodeValue(creds.value)
  const me = of(decoded, 'me')
  const id = of(me, 'id')
  const name = of(me, 'name')
  const platform = of(decoded, 'platform')
  const next = of(decoded, 'nextPreKeyId')
  return {
    linked: typeof of(decoded, 'account') === 'object' && of(decoded, 'account') !== null,
    ...(typeof id === 'string' && { phone: masked(id.replace(/[:@].*$/, '')) }),
    ...(typeof name === 'string' && name !== '~' && { name }),
    ...(typeof platform === 'string' && { platform }),
    ...(typeof next === 'number' && { nextPreKeyId: next }),
  }
}

function of(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}
