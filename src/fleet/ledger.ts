import type { PublishedSession } from './port.ts'

/** What the directory lacks. */
export interface Difference {
  put: PublishedSession[]
  /** Ids. */
  gone: string[]
}

/** What this process has published of its sessions; pure bookkeeping. */
export class Ledger {
  readonly #rows = new Map<string, string>()
  /** Published before, and deleted since: deleting is tried until it is done. */
  readonly #gone = new Set<string>()

  /** What differs from what was published last. */
  difference(current: readonly PublishedSession[]): Difference {
    const put = current.filter((session) => this.#rows.get(session.id) !== textOf(session))
    const there = new Set(current.map(({ id }) => id))
    const vanished = [...this.#rows.keys()].filter((id) => !there.has(id))
    const gone = [...new Set([...this.#gone, ...vanished])].filter((id) => !there.has(id))
    return { put, gone }
  }

  /** The directory took it. */
  note({ put, gone }: Difference): void {
    for (const session of put) {
      this.#rows.set(session.id, textOf(session))
      this.#gone.delete(session.id)
    }
    for (const id of gone) {
      this.#rows.delete(id)
      this.#gone.delete(id)
    }
  }

  /** It may be another database, or an earlier state of it: everything is published again. */
  startOver(current: readonly PublishedSession[]): void {
    for (const id of this.difference(current).gone) this.#gone.add(id)
    this.#rows.clear()
  }
}

const textOf = (session: PublishedSession): string => JSON.stringify(session)
