import type { Node } from './nodes.ts'

/**
 * What a device has not acknowledged yet, oldest first. An entry stays until the device's receipt
 * or ack for its key, and goes out again with every login until then.
 */
export class Mailbox {
  readonly #entries = new Map<string, Node>()

  get size(): number {
    return this.#entries.size
  }

  /** Adds a stanza; one with the same key is replaced in its place. */
  put(key: string, stanza: Node): void {
    this.#entries.set(key, stanza)
  }

  has(key: string): boolean {
    return this.#entries.has(key)
  }

  /** Removes what the device has taken; false when it was not there. */
  acknowledge(key: string): boolean {
    return this.#entries.delete(key)
  }

  entries(): [key: string, stanza: Node][] {
    return [...this.#entries]
  }

  clear(): void {
    this.#entries.clear()
  }
}

export function messageKey(id: string): string {
  return `message/${id}`
}

/** Receipts are acknowledged by id and sender. */
export function receiptKey(id: string, from: string): string {
  return `receipt/${id}/${from}`
}
