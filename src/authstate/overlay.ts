import type { Write } from './writes.ts'

interface Pending {
  seq: number
  keys: string[]
  bytes: number
}

/**
 * The changes of one session that are not durable yet. Reads look here first, so that they see
 * their own writes from the moment of `set()`.
 */
export class Overlay {
  readonly #latest = new Map<string, { seq: number; value: Uint8Array | null }>()
  #pending: Pending[] = []

  apply(seq: number, writes: readonly Write[], bytes: number): void {
    const keys = writes.map(({ type, id }) => keyOf(type, id))
    writes.forEach(({ value }, i) => this.#latest.set(keys[i] ?? '', { seq, value }))
    this.#pending.push({ seq, keys, bytes })
  }

  /** The bytes that a read must see; null: deleted; undefined: look into the file. */
  read(type: string, id: string): Uint8Array | null | undefined {
    return this.#latest.get(keyOf(type, id))?.value
  }

  /** Forgets the changes up to `seq`, which the file holds now; returns the bytes let go. */
  settle(seq: number): number {
    const done = this.#pending.findIndex((change) => change.seq > seq)
    const settled = this.#pending.splice(0, done === -1 ? this.#pending.length : done)
    for (const { keys, seq: written } of settled)
      for (const key of keys) if (this.#latest.get(key)?.seq === written) this.#latest.delete(key)
    return settled.reduce((sum, change) => sum + change.bytes, 0)
  }
}

function keyOf(type: string, id: string): string {
  return `${type}\0${id}`
}
