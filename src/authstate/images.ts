import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { imageSum, minus, plus } from './checksum.ts'
import type { SessionHead } from './heads.ts'
import { unpackEntriesSync } from './packed.ts'
import type { Entry } from './port.ts'
import { corruptSession } from './sqlite-error.ts'

/** The writing thread's side of the `images` table: installed sessions that only logged in since. */
export class Images {
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #delete: StatementSync
  readonly #over: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO images (session, body) VALUES (?, ?)')
    this.#select = db.prepare(SELECT_IMAGE)
    this.#delete = db.prepare('DELETE FROM images WHERE session = ?')
    this.#over = db.prepare('SELECT type, id, sum FROM kv WHERE session = ?')
  }

  put(head: SessionHead, body: Uint8Array): void {
    this.#insert.run(head.n, body)
    head.image = true
    head.digest = imageSum(head.n, body)
  }

  /** The values that lie over a session's image, by `keyOf`: their checksums. */
  over(n: number): Map<string, number> {
    const rows = this.#over.all(n)
    return new Map(rows.map(({ type, id, sum }) => [keyOf(String(type), String(id)), Number(sum)]))
  }

  /**
   * Takes the values out, given those that lie over them. Throws, with nothing taken,
   * `state.corrupt` where they are damaged.
   */
  take(head: SessionHead, over: ReadonlyMap<string, number>): Entry[] {
    const entries = imageEntries(head, this.#select.get(head.n), sumOf(over))
    this.#delete.run(head.n)
    return entries
  }
}

export const SELECT_IMAGE = 'SELECT body FROM images WHERE session = ?'

export function keyOf(type: string, id: string): string {
  return `${type}\0${id}`
}

export function sumOf(over: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const one of over.values()) sum = plus(sum, one)
  return sum
}

/**
 * What the row of an image holds; `state.corrupt` unless it is what the head vouches for together
 * with the values that lie over it, the sum of whose checksums is `over`.
 */
export function imageEntries(
  head: SessionHead,
  row: Record<string, unknown> | undefined,
  over: number,
): Entry[] {
  const body = row?.['body']
  if (!(body instanceof Uint8Array) || imageSum(head.n, body) !== minus(head.digest, over))
    throw corruptSession(head.sessionId, 'its values fail their checksum')
  try {
    return unpackEntriesSync(body)
  } catch (cause) {
    throw corruptSession(head.sessionId, 'its values cannot be read', cause)
  }
}
