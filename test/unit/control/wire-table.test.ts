import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'
import { renderWire } from '../../../scripts/render-wire.ts'
import { failure, METHODS } from '../../../src/control/api.ts'
import type { MethodSpec } from '../../../src/control/method-spec.ts'
import { misfit, type Shape } from '../../../src/control/shape.ts'
import { FAILURE, WIRE } from '../../../src/control/wire-table.ts'

test('it is what `npm run render` writes', () => {
  const file = new URL('../../../src/control/wire-table.ts', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(renderWire())
})

const answers: [string, Shape, z.ZodType][] = Object.entries(METHODS).map(
  ([name, spec]: [string, MethodSpec]) => {
    const schema = spec.result ?? spec.events
    if (schema === undefined) throw new Error(`${name} answers nothing`)
    return [name, WIRE[name as keyof typeof WIRE].answer, schema]
  },
)

describe.each([...answers, ['a failure', FAILURE, failure] as const])('%s', (_, shape, schema) => {
  test('what the schema takes fits, and what it refuses does not', () => {
    fc.assert(
      fc.property(
        valueOf(shape),
        fc.array(fc.nat(), { minLength: 1 }),
        strange,
        (value, path, odd) => {
          expect(misfit(shape, value)).toBeUndefined()
          const other = broken(value, path, odd)
          expect(misfit(shape, other) === undefined).toBe(schema.safeParse(other).success)
        },
      ),
      { numRuns: 100 },
    )
  })
})

/** Texts are also base64, which no shape tells apart. */
const strange = fc.constantFrom(undefined, null, 7, 'QUJD', true, [], {}, [1], { type: 'end' })

/** Values that have the shape, with a key more than it names now and then. */
function valueOf(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.anyOf !== undefined) return fc.oneof(...shape.anyOf.map(valueOf))
  if (shape.const !== undefined) return fc.constant(shape.const)
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum)
  switch (shape.type) {
    case 'null':
      return fc.constant(null)
    case 'string':
      return fc.constantFrom('', 'QUJD')
    case 'number':
      return fc.integer()
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(valueOf(shape.items ?? {}), { maxLength: 2 })
    case 'object':
      return objectOf(shape)
    default:
      return fc.constantFrom(1, 'x', null, {})
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Shape) {
  const known = Object.fromEntries(
    Object.entries(properties).map(([key, one]) => [key, valueOf(one)]),
  )
  const more =
    additionalProperties === undefined ? fc.constant('new') : valueOf(additionalProperties)
  return fc
    .tuple(fc.record(known, { requiredKeys: [...required] }), fc.option(more))
    .map(([value, added]) => (added === null ? value : { ...value, 'of a newer daemon': added }))
}

/** The value with one of its parts, found by the path, replaced or taken away. */
function broken(value: unknown, [step = 0, ...rest]: readonly number[], odd: unknown): unknown {
  if (typeof value !== 'object' || value === null) return odd
  const keys = Object.keys(value)
  const key = keys[step % Math.max(1, keys.length)]
  if (key === undefined) return odd
  const copy: Record<string, unknown> = { ...value }
  if (rest.length > 0) copy[key] = broken(copy[key], rest, odd)
  else if (odd === undefined) delete copy[key]
  else copy[key] = odd
  return Array.isArray(value) ? Object.values(copy) : copy
}
