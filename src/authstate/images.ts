import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { imageSum } from './checksum.ts'
import type { SessionHead } from './heads.ts'
import { unpackEntriesSync } from './packed.ts'
import type { Entry } from './port.ts'
import { corruptSession } from './sqlite-error.ts'

/** The writing thread's side of the `images` table: installed sessions that nothing changed yet. */
export class Images {
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #delete: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO images (session, body) VALUES (?, ?)')
    this.#select = db.prepare(SELECT_IMAGE)
    this.#delete = db.prepare('DELETE FROM images WHERE session = ?')
  }

  put(head: SessionHead, body: Uint8Array): void {
    this.#insert.run(head.n, body)
    head.image = true
    head.digest = imageSum(head.n, body)
  }

  /** Takes the values out. Throws, with nothing taken, `state.corrupt` where they are damaged. */
  take(head: SessionHead): Entry[] {
    const entries = imageEntries(head, this.#select.get(head.n))
    this.#delete.run(head.n)
    return entries
  }
}

export const SELECT_IMAGE = 'SELECT body FROM images WHERE session = ?'

/** What the row of an image holds; `state.corrupt` unless it is what the head vouches for. */
export function imageEntries(head: SessionHead, row: Record<string, unknown> | undefined): Entry[] {
  const body = row?.['body']
  if (!(body instanceof Uint8Array) || imageSum(head.n, body) !== head.digest)
    throw corruptSession(head.sessionId, 'its values fail their checksum')
  try {
    return unpackEntriesSync(body)
  } catch (cause) {
    throw corruptSession(head.sessionId, 'its values cannot be read', cause)
  }
}
