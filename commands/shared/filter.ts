import type { Result } from '../../src/control/api.ts'
import { GatewayError } from '../../src/session/errors.ts'

type View = Result<'session.list'>['sessions'][number]

const FIELDS = ['state', 'cause', 'id'] as const
type Field = (typeof FIELDS)[number]

interface Condition {
  field: Field
  /** Any of these will do. */
  values: string[]
}

/**
 * Reads `state=failed,banned`, `cause=damaged` or `id=shop-*`; a session has to meet all of them.
 * Throws `usage`.
 */
export function parseFilter(words: readonly string[]): (view: View) => boolean {
  const conditions = words.map(parse)
  return (view) => conditions.every((condition) => meets(view, condition))
}

function parse(word: string): Condition {
  const [name = '', rest] = word.split('=', 2)
  const field = FIELDS.find((known) => known === name)
  const values = (rest ?? '').split(',').filter((value) => value !== '')
  if (field !== undefined && values.length > 0) return { field, values }
  throw new GatewayError({
    code: 'usage',
    message: `'${word}' is no filter`,
    hint: 'write --filter state=failed,banned or cause=damaged or id=shop-*',
  })
}

function meets(view: View, { field, values }: Condition): boolean {
  const actual = view[field] ?? ''
  return values.some((value) =>
    field === 'id' && value.endsWith('*')
      ? actual.startsWith(value.slice(0, -1))
      : actual === value,
  )
}
