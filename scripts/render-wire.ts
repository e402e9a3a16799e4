import { z } from 'zod'
import { failure, METHODS } from '../src/control/api.ts'
import type { MethodSpec } from '../src/control/method-spec.ts'
import type { Shape } from '../src/control/shape.ts'
import type { WireMethod } from '../src/control/wire.ts'

/** src/control/wire-table.ts: the method table as a client has it, a line a method. */
export function renderWire(): string {
  const methods = Object.entries(METHODS).map(
    ([name, spec]) => `  '${name}': ${JSON.stringify(wireOf(spec))},`,
  )
  return `// Rendered by \`npm run render\` from the method table in api.ts, which a client need not load.
import type { MethodName } from './api.ts'
import type { Shape } from './shape.ts'
import type { WireMethod } from './wire.ts'

export const FAILURE: Shape = ${JSON.stringify(shapeOf(failure))}

export const WIRE: Readonly<Record<MethodName, WireMethod>> = {
${methods.join('\n')}
}
`
}

function wireOf({ verb, path, body, endless, result, events }: MethodSpec): WireMethod {
  const answer = result ?? events
  if (answer === undefined) throw new Error(`${verb} ${path} answers nothing`)
  return {
    verb,
    path,
    ...(body !== undefined && { body: true }),
    ...(endless === true && { endless }),
    answer: shapeOf(answer),
  }
}

/** What Shape has of the schema; throws for what would go unchecked without being known to. */
export function shapeOf(schema: z.ZodType): Shape {
  return pruned(z.toJSONSchema(schema))
}

type Json = z.core.JSONSchema.BaseSchema

/** `pattern`, `format` and `contentEncoding` are of base64, whose reader finds out by itself. */
const UNCHECKED = new Set(['$schema', 'propertyNames', 'pattern', 'format', 'contentEncoding'])

function pruned(json: Json): Shape {
  const { type, properties, required, items, additionalProperties, anyOf, oneOf, ...rest } = json
  const { const: constant, enum: values, ...unknown } = rest
  const strange = Object.keys(unknown).filter((key) => !UNCHECKED.has(key))
  if (strange.length > 0) throw new Error(`shapes know nothing of ${strange.join(', ')}`)
  if (constant !== undefined) return { const: constant as NonNullable<Shape['const']> }
  if (values !== undefined) return { enum: values as NonNullable<Shape['enum']> }
  const either =
    anyOf ?? oneOf ?? (Array.isArray(type) ? type.map((one) => ({ type: one })) : undefined)
  if (either !== undefined) return { anyOf: either.map((one) => pruned(one as Json)) }
  return {
    ...(type !== undefined && { type: type as NonNullable<Shape['type']> }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, one]) => [key, pruned(one as Json)]),
      ),
    }),
    ...(required !== undefined && required.length > 0 && { required }),
    ...(typeof additionalProperties === 'object' && {
      additionalProperties: pruned(additionalProperties),
    }),
    ...(items !== undefined && { items: pruned(items as Json) }),
  }
}
