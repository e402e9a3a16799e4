import { METHODS, type MethodName } from './api.ts'
import type { MethodSpec } from './method-spec.ts'

export interface WireRequest {
  method: MethodSpec['verb']
  path: string
  body?: string
}

/** Puts a method's input where its schemas say: path, query or body. */
export function requestOf(name: MethodName, input: object): WireRequest {
  const spec: MethodSpec = METHODS[name]
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  const values = (schema: MethodSpec['body']) =>
    given.filter(([key]) => schema !== undefined && key in schema.shape)
  let path: string = spec.path
  for (const [key, value] of values(spec.params))
    path = path.replace(`:${key}`, encodeURIComponent(String(value)))
  const query = new URLSearchParams()
  for (const [key, value] of values(spec.query)) query.set(key, String(value))
  return {
    method: spec.verb,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    ...(spec.body && { body: JSON.stringify(Object.fromEntries(values(spec.body))) }),
  }
}
