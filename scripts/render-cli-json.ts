import { z } from 'zod'
import { commandPaths } from '../commands/program.ts'
import { OUTPUTS } from '../commands/shared/json-outputs.ts'
import { METHODS } from '../src/control/api.ts'
import * as checkShapes from '../src/control/check-schema.ts'
import * as copyShapes from '../src/control/copy-schema.ts'
import type { MethodSpec } from '../src/control/method-spec.ts'
import * as recoveryShapes from '../src/control/recovery-schema.ts'
import * as shapes from '../src/control/schema.ts'
import { EXIT } from '../src/session/errors.ts'

type Json = z.core.JSONSchema.BaseSchema

/** The shapes that several commands print, by the schema. */
const NAMES = new Map<unknown, string>(
  Object.entries({ ...shapes, ...recoveryShapes, ...checkShapes, ...copyShapes })
    .filter(([, schema]) => schema instanceof z.ZodObject)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => [schema, `${name.charAt(0).toUpperCase()}${name.slice(1)}`]),
)

/** docs/CLI_JSON.md, from the tree of commands, the control API's table and the CLI's own outputs. */
export function renderCliJson(): string {
  const used = new Set<string>()
  const sections = commandPaths()
    .map(({ words }) => words.join(' '))
    .flatMap((name) => section(name, used))
  const named = [...NAMES].filter(([, name]) => used.has(name))
  // A shape may name others, which are then shown too.
  for (let at = 0; at < named.length; at++) {
    const before = new Set(used)
    describe(named[at]?.[0] as z.ZodType, used, true)
    named.push(...[...NAMES].filter(([, name]) => used.has(name) && !before.has(name)))
  }
  return [INTRODUCTION, ...sections, SHAPES, ...named.flatMap(shapeSection)].join('\n')
}

function section(name: string, used: Set<string>): string[] {
  const method = name.replaceAll(' ', '.')
  const own = OUTPUTS[name]
  const spec: MethodSpec | undefined =
    method in METHODS ? METHODS[method as keyof typeof METHODS] : undefined
  if (own === undefined && spec === undefined) return []
  const lines = [`## ${name}`, '']
  if (own !== undefined) lines.push(own.about, '')
  const schema = own?.schema ?? spec?.result ?? spec?.events
  if (schema === undefined) return lines
  const stream = spec?.events !== undefined || STREAMS.has(name)
  lines.push(stream ? 'An object a line:' : 'One object:', '')
  return [...lines, '```ts', describe(schema, used), '```', '']
}

function shapeSection([schema, name]: [unknown, string]): string[] {
  const about = describe(schema as z.ZodType, new Set(), true)
  return [`### ${name}`, '', '```ts', about, '```', '']
}

/** The schema as a type of TypeScript; shapes that have a name are named, but for the root. */
function describe(schema: z.ZodType, used: Set<string>, root = false): string {
  const json = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema, path }) {
      const name = NAMES.get(zodSchema)
      if (name === undefined || (root && path.length === 0)) return
      for (const key of Object.keys(jsonSchema)) delete jsonSchema[key]
      jsonSchema.title = name
      used.add(name)
    },
  })
  return typeOf(json, '')
}

function typeOf(json: Json | boolean | undefined, indent: string): string {
  if (json === undefined || typeof json === 'boolean') return 'unknown'
  if (json.title !== undefined) return json.title
  if (json.const !== undefined) return JSON.stringify(json.const)
  if (json.enum !== undefined) return json.enum.map((one) => JSON.stringify(one)).join(' | ')
  const either = json.anyOf ?? json.oneOf
  if (either !== undefined) return either.map((one) => typeOf(one, indent)).join(' | ')
  if (json.type === 'array') {
    const item = typeOf(json.items as Json, indent)
    return item.includes(' | ') && !/^\{[^]*\}$/.test(item) ? `(${item})[]` : `${item}[]`
  }
  if (json.type === 'object') return objectOf(json, indent)
  const types = json.type === undefined ? ['unknown'] : [json.type].flat()
  return types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ')
}

function objectOf({ properties, required = [], additionalProperties }: Json, indent: string) {
  if (properties === undefined) return `Record<string, ${typeOf(additionalProperties, indent)}>`
  const inner = `${indent}  `
  const lines = Object.entries(properties).map(([name, value]) => {
    const mark = required.includes(name) ? '' : '?'
    return `${inner}${name}${mark}: ${typeOf(value, inner)}`
  })
  return lines.length === 0 ? '{}' : `{\n${lines.join('\n')}\n${indent}}`
}

/** Those that make a stream of what is no stream of the daemon's. */
const STREAMS = new Set(['session import', 'backup export'])

const INTRODUCTION = `# What --json prints

Rendered by \`npm run render\` from the schemas that daemon and commands check their data with.

- On stdout: one object, or one a line (NDJSON) for what streams. Nothing else is on stdout.
- A command that fails prints one object \`{ "error": ErrorJson }\` on stderr, and ends with one of
  the statuses ${Object.values(EXIT).join(', ')}. The \`code\` of an error stays what it is; its words may change.
- Fields are added, never taken away or given another meaning within a version of the protocol: pass
  over what you don't know. A field with \`?\` may be absent.
- Times are milliseconds since the epoch, durations milliseconds, sizes bytes, phones digits without
  a plus sign.
`

const SHAPES = `## Shapes
`
