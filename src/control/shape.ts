/** The part of JSON Schema that the answers of the control API need; other keys do no harm. */
export interface Shape {
  type?: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'
  const?: string | number | boolean
  enum?: readonly (string | number | boolean)[]
  properties?: Readonly<Record<string, Shape>>
  required?: readonly string[]
  /** Of the keys that `properties` does not name. */
  additionalProperties?: Shape
  items?: Shape
  anyOf?: readonly Shape[]
}

/** Where and why the value has another shape; undefined where it fits. More keys than named fit. */
export function misfit(shape: Shape, value: unknown, at = 'it'): string | undefined {
  if (shape.anyOf !== undefined) return misfitOfEither(shape.anyOf, value, at)
  if (shape.const !== undefined && value !== shape.const)
    return `${at} is not ${JSON.stringify(shape.const)}`
  if (shape.enum !== undefined && !shape.enum.some((one) => one === value))
    return `${at} is none of ${shape.enum.join(', ')}`
  if (shape.type !== undefined && kindOf(value) !== shape.type) return `${at} is no ${shape.type}`
  if (Array.isArray(value)) return misfitOfItems(shape.items, value, at)
  return isObject(value) ? misfitOfKeys(shape, value, at) : undefined
}

function misfitOfEither(shapes: readonly Shape[], value: unknown, at: string): string | undefined {
  const found = shapes.map((shape) => misfit(shape, value, at))
  if (found.includes(undefined)) return undefined
  // The one that the value says it is, by its `type` or another constant.
  const meant = shapes.findIndex(({ properties = {} }) =>
    Object.entries(properties).some(
      ([key, shape]) => shape.const !== undefined && isObject(value) && value[key] === shape.const,
    ),
  )
  return found[meant] ?? `${at} has none of its shapes`
}

function misfitOfItems(shape: Shape | undefined, values: unknown[], at: string) {
  if (shape === undefined) return undefined
  for (const [n, value] of values.entries()) {
    const found = misfit(shape, value, `${at}[${n}]`)
    if (found !== undefined) return found
  }
  return undefined
}

function misfitOfKeys(shape: Shape, value: Record<string, unknown>, at: string) {
  const { properties = {}, required = [], additionalProperties } = shape
  const missing = required.find((key) => !Object.hasOwn(value, key))
  if (missing !== undefined) return `${at}.${missing} is missing`
  for (const [key, one] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : additionalProperties
    const found = known && misfit(known, one, `${at}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
