import type { WireMethod } from './wire.ts'

export interface WireRequest {
  method: WireMethod['verb']
  path: string
  body?: string
}

/** Puts a method's input where it belongs: what the path names there, the rest into body or query. */
export function requestOf(method: WireMethod, input: object): WireRequest {
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const path = method.path.replace(/:(\w+)/g, (_, key: string) => {
    const value = encodeURIComponent(String(rest.get(key)))
    rest.delete(key)
    return value
  })
  if (method.body === true)
    return { method: method.verb, path, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams(
    [...rest].map(([key, value]): [string, string] => [key, String(value)]),
  )
  return { method: method.verb, path: query.size === 0 ? path : `${path}?${query.toString()}` }
}
