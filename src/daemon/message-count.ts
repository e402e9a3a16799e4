interface Counted {
  id: string
  messagesIn: number
  messagesOut: number
}

/**
 * Messages since the worker began. A session that goes takes its own counters along, and one that
 * comes back begins anew; the sum never falls.
 */
export class MessageCount {
  readonly #seen = new Map<string, number>()
  #total = 0

  /** The sum, after a look at the sessions as they are now. */
  update(sessions: readonly Counted[]): number {
    const present = new Set<string>()
    for (const { id, messagesIn, messagesOut } of sessions) {
      const now = messagesIn + messagesOut
      const before = this.#seen.get(id) ?? 0
      this.#total += now >= before ? now - before : now
      this.#seen.set(id, now)
      present.add(id)
    }
    for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id)
    return this.#total
  }
}
