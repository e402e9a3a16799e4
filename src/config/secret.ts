import { inspect } from 'node:util'

/** A secret value that no log, JSON or template string shows; only `reveal()` gives it. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
    Object.freeze(this)
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

/** Every secret in a configuration, each part of those that are lists, and the passwords of URLs. */
export function secretsOf(value: unknown): string[] {
  if (value instanceof Secret) {
    const whole = value.reveal()
    return [...new Set([whole, ...whole.split(/[\s,]+/), ...passwordOf(whole)])]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretsOf)
}

/** As it is written in a URL, and as it is meant. */
function passwordOf(text: string): string[] {
  const found = /^[a-z]+:\/\/[^/?#]*?:([^/?#]+)@/.exec(text)?.[1]
  if (found === undefined) return []
  try {
    return [found, decodeURIComponent(found)]
  } catch (error) {
    if (error instanceof URIError) return [found]
    throw error
  }
}
