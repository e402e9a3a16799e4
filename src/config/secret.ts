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

/** Every secret in a configuration, and each part of those that are lists. */
export function secretsOf(value: unknown): string[] {
  if (value instanceof Secret) {
    const whole = value.reveal()
    return [...new Set([whole, ...whole.split(/[\s,]+/)])]
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(secretsOf)
}
