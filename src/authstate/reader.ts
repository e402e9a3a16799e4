import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

import type { GatewayError } from '../session/errors.ts'

import { continues } from './chain.ts'
import { MODULUS, plus, recordSum, rowSum } from './checksum.ts'
import { headFromRow } from './heads.ts'
import type { SessionHead } from './heads.ts'
import { ImageCache } from './image-cache.ts'
import { SELECT_IMAGE, imageEntries, keyOf } from './images.ts'
import type { Entry, JournalEntry } from './port.ts'
import { decodeLink, decodeRecord } from './record.ts'
import type { ChangeRecord } from './record.ts'
import { corruptSession, toSessionError } from './sqlite-error.ts'

/** Which session's values are meant; `sessionId` is for the errors. */
export interface SessionRef {
  n: number
  sessionId: string
  /** As far as is known they are an image: they may be rows by now, but never the other way. */
  image: boolean
}

/**
 * The main thread's read-only connection. It sees what the writing thread committed at once, and
 * checks every value that it returns: damage is `state.corrupt`, never a missing or wrong value.
 */
export class Reader {
  readonly #db: DatabaseSync
  readonly #file: string
  /**
   * What was once found damaged stays so: SQLite checks a page only when it loads it, and opening
   * does not read every value. `whole`: the file itself, not only a value in it.
   */
  readonly #damaged = new Map<number, { error: GatewayError; whole: boolean }>()
  readonly #images = new ImageCache()
  readonly #value: StatementSync
  readonly #values: StatementSync
  readonly #digest: StatementSync
  readonly #image: StatementSync
  readonly #head: StatementSync
  readonly #change: StatementSync
  readonly #changes: StatementSync

  constructor(file: string) {
    this.#file = file
    this.#db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
    this.#db.exec('PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384')
    this.#value = this.#db.prepare(
      'SELECT sum, value FROM kv WHERE session = ? AND type = ? AND id = ?',
    )
    this.#values = this.#db.prepare(
      'SELECT type, id, sum, value FROM kv WHERE session = ? ORDER BY type, id',
    )
    this.#digest = this.#db.prepare('SELECT SUM(sum) % ? AS digest FROM kv WHERE session = ?')
    this.#image = this.#db.prepare(SELECT_IMAGE)
    this.#head = this.#db.prepare('SELECT * FROM sessions WHERE n = ?')
    this.#change = this.#db.prepare('SELECT sum, record FROM journal WHERE session = ? AND seq = ?')
    this.#changes = this.#db.prepare(
      'SELECT seq, sum, record FROM journal WHERE session = ? AND seq > ? ORDER BY seq',
    )
  }

  value(ref: SessionRef, type: string, id: string): Uint8Array | undefined {
    return this.#guard(ref, 'values', () => {
      // What changed lies over the image.
      const row = this.#row(ref, type, id)
      if (row !== undefined || !ref.image) return row
      const known = this.#inImage(ref, type, id)
      // It became rows between the two looks.
      return known === undefined ? this.#row(ref, type, id) : known.value
    })
  }

  /**
   * What opening a session needs: its creds, checked, and that no value is missing, surplus or moved.
   * Each further value is checked when it is read, all of them when the session is folded. Reading
   * them all here would be a fifth of the processor time of a login.
   */
  opening(ref: SessionRef): { head: SessionHead; creds: Uint8Array | undefined } {
    return this.#guard(ref, 'values', () =>
      this.#atOnce(() => {
        const head = this.#headOf(ref)
        const creds = this.#row(ref, 'creds', '')
        if (head.image) {
          this.#entriesOf(head)
          return { head, creds: creds ?? this.#images.find(ref.n, 'creds', '')?.value }
        }
        if (this.#sumOfRows(ref.n) !== head.digest)
          throw corruptSession(ref.sessionId, 'values are missing')
        return { head, creds }
      }),
    )
  }

  /** The whole committed state at one moment: every row checked, and that none is missing. */
  image(ref: SessionRef): { head: SessionHead; entries: Entry[] } {
    return this.#guard(ref, 'values', () =>
      this.#atOnce(() => {
        const head = this.#headOf(ref)
        let digest = 0
        const rows = this.#values.all(ref.n).map((row): Entry => {
          const [type, id] = [String(row['type']), String(row['id'])]
          const value = checked(ref, type, id, row)
          digest = plus(digest, Number(row['sum']))
          return { type, id, value }
        })
        if (head.image) {
          const image = imageEntries(head, this.#image.get(head.n), digest)
          return { head, entries: laidOver(image, rows) }
        }
        if (digest !== head.digest) throw corruptSession(ref.sessionId, 'values are missing')
        return { head, entries: rows }
      }),
    )
  }

  /** Takes the values of an image that was installed just now, which spares reading them again. */
  keep(n: number, entries: Entry[]): void {
    this.#images.put(n, entries)
  }

  /** The session is no image any more. */
  forget(n: number): void {
    this.#images.drop(n)
  }

  /** Undefined where the values are rows by now. What is kept is as good as the file until then. */
  #inImage(
    ref: SessionRef,
    type: string,
    id: string,
  ): { value: Uint8Array | undefined } | undefined {
    const found = this.#images.find(ref.n, type, id)
    if (found !== undefined) return found
    const there = this.#atOnce(() => {
      const head = this.#headOf(ref)
      if (head.image) this.#entriesOf(head)
      return head.image
    })
    return there ? this.#images.find(ref.n, type, id) : undefined
  }

  #entriesOf(head: SessionHead): Entry[] {
    const kept = this.#images.entries(head.n)
    if (kept !== undefined) return kept
    const entries = imageEntries(head, this.#image.get(head.n), this.#sumOfRows(head.n))
    this.#images.put(head.n, entries)
    return entries
  }

  change(ref: SessionRef, seq: number): ChangeRecord | undefined {
    return this.#guard(ref, 'journal', () => {
      const row = this.#change.get(ref.n, seq)
      if (row === undefined) return undefined
      return decodeRecord(checkedRecord(ref, seq, row))
    })
  }

  /** The changes after `after`, the oldest first; at least one of them, then up to `maxBytes`. */
  journal(ref: SessionRef, after: number, maxBytes: number): JournalEntry[] {
    return this.#guard(ref, 'journal', () =>
      this.#atOnce(() => {
        const head = this.#headOf(ref)
        const entries: JournalEntry[] = []
        let expected = Math.max(after, head.storedSeq) + 1
        let bytes = 0
        for (const row of this.#changes.iterate(ref.n, after)) {
          const seq = Number(row['seq'])
          const record = checkedRecord(ref, seq, row)
          bytes += record.length
          if (entries.length > 0 && bytes > maxBytes) return entries
          const link = decodeLink(record)
          const before = entries.at(-1)
          if (seq !== expected || (before !== undefined && !continues(before, link)))
            throw corruptSession(ref.sessionId, 'a change is missing')
          entries.push({ ...link, record })
          expected += 1
        }
        if (expected <= head.seq) throw corruptSession(ref.sessionId, 'a change is missing')
        return entries
      }),
    )
  }

  close(): void {
    this.#db.close()
  }

  #sumOfRows(n: number): number {
    return Number(this.#digest.get(MODULUS, n)?.['digest'] ?? 0)
  }

  #row(ref: SessionRef, type: string, id: string): Uint8Array | undefined {
    const row = this.#value.get(ref.n, type, id)
    return row && checked(ref, type, id, row)
  }

  #headOf(ref: SessionRef): SessionHead {
    const row = this.#head.get(ref.n)
    if (row === undefined) throw corruptSession(ref.sessionId, 'its row is missing')
    return headFromRow(row)
  }

  /** Reads in one transaction: all of it is of one moment, whatever is committed meanwhile. */
  #atOnce<T>(read: () => T): T {
    this.#db.exec('BEGIN')
    try {
      return read()
    } finally {
      this.#db.exec('COMMIT')
    }
  }

  #guard<T>(ref: SessionRef, of: 'values' | 'journal', read: () => T): T {
    const before = this.#damaged.get(ref.n)
    // A change vouches for itself: it can be stored although a value is damaged.
    if (before !== undefined && (of === 'values' || before.whole)) throw before.error
    try {
      return read()
    } catch (error) {
      const known = toSessionError(error, ref.sessionId, this.#file)
      const whole = known !== error
      if ((whole || of === 'values') && known.code === 'state.corrupt')
        this.#damaged.set(ref.n, { error: known, whole })
      throw known
    }
  }
}

/** The values of an image, with those that changed since in their place. */
function laidOver(image: Entry[], rows: readonly Entry[]): Entry[] {
  if (rows.length === 0) return image
  const changed = new Set(rows.map(({ type, id }) => keyOf(type, id)))
  return [...image.filter(({ type, id }) => !changed.has(keyOf(type, id))), ...rows]
}

function checkedRecord(ref: SessionRef, seq: number, row: Record<string, unknown>): Uint8Array {
  const { sum, record } = row
  if (!(record instanceof Uint8Array) || sum !== recordSum(ref.n, seq, record))
    throw corruptSession(ref.sessionId, 'a change is damaged')
  return record
}

function checked(
  ref: SessionRef,
  type: string,
  id: string,
  row: Record<string, unknown>,
): Uint8Array {
  const value = row['value']
  if (!(value instanceof Uint8Array) || row['sum'] !== rowSum(ref.n, type, id, value))
    throw corruptSession(ref.sessionId, `a value of type ${type.slice(0, 40)} fails its checksum`)
  return value
}
