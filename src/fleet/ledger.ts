import type { PublishedSession } from './port.ts'

/** What the directory lacks. */
export interface Difference {
  put: PublishedSession[]
  /** Ids. */
  gone: string[]
}

/** What the directory has of this process' sessions; pure bookkeeping. */
export class Ledger {
  /** What it took, on this connection, by id. */
  readonly #taken = new Map<string, string>()
  /** Ids that it may list: also those of which no answer came. */
  readonly #listed = new Set<string>()

  /** What differs from what was published last. */
  difference(current: readonly PublishedSession[]): Difference {
    const here = new Set(current.map(({ id }) => id))
    return {
      put: current.filter((session) => this.#taken.get(session.id) !== textOf(session)),
      gone: [...this.#listed].filter((id) => !here.has(id)),
    }
  }

  /** It is on its way: from now on the directory may have it. */
  begin({ put }: Difference): void {
    for (const { id } of put) this.#listed.add(id)
  }

  /** The directory took it. */
  note({ put, gone }: Difference): void {
    for (const session of put) this.#taken.set(session.id, textOf(session))
    for (const id of gone) {
      this.#taken.delete(id)
      this.#listed.delete(id)
    }
  }

  /** Earlier processes of this worker published them. */
  drop(ids: readonly string[]): void {
    for (const id of ids) this.#listed.add(id)
  }

  /** It may be another database, or an earlier state of it: everything is published again. */
  startOver(): void {
    this.#taken.clear()
  }
}

const textOf = (session: PublishedSession): string => JSON.stringify(session)
