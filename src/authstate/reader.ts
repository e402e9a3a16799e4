import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

import type { GatewayError } from '../session/errors.ts'

import { plus, recordSum, rowSum } from './checksum.ts'
import { headFromRow } from './heads.ts'
import type { SessionHead } from './heads.ts'
import type { Entry } from './port.ts'
import { decodeRecord } from './record.ts'
import type { ChangeRecord } from './record.ts'
import { corruptSession, toSessionError } from './sqlite-error.ts'

/** Which session's rows are meant; `sessionId` is for the errors. */
export interface SessionRef {
  n: number
  sessionId: string
}

/**
 * The main thread's read-only connection. It sees what the writing thread committed at once, and
 * checks every value that it returns: damage is `state.corrupt`, never a missing or wrong value.
 */
export class Reader {
  readonly #db: DatabaseSync
  readonly #file: string
  /** SQLite checks a page when it is loaded only: a second read would take it for sound. */
  readonly #damaged = new Map<number, GatewayError>()
  readonly #value: StatementSync
  readonly #values: StatementSync
  readonly #head: StatementSync
  readonly #change: StatementSync

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
    this.#head = this.#db.prepare('SELECT * FROM sessions WHERE n = ?')
    this.#change = this.#db.prepare('SELECT sum, record FROM journal WHERE session = ? AND seq = ?')
  }

  value(ref: SessionRef, type: string, id: string): Uint8Array | undefined {
    return this.#guard(ref, () => {
      const row = this.#value.get(ref.n, type, id)
      return row === undefined ? undefined : checked(ref, type, id, row)
    })
  }

  /** The whole committed state at one moment: every row checked, and that none is missing. */
  image(ref: SessionRef): { head: SessionHead; entries: Entry[] } {
    return this.#guard(ref, () => {
      this.#db.exec('BEGIN')
      try {
        const row = this.#head.get(ref.n)
        if (row === undefined) throw corruptSession(ref.sessionId, 'its row is missing')
        const head = headFromRow(row)
        let digest = 0
        const entries = this.#values.all(ref.n).map((row): Entry => {
          const [type, id] = [String(row['type']), String(row['id'])]
          const value = checked(ref, type, id, row)
          digest = plus(digest, Number(row['sum']))
          return { type, id, value }
        })
        if (digest !== head.digest) throw corruptSession(ref.sessionId, 'values are missing')
        return { head, entries }
      } finally {
        this.#db.exec('COMMIT')
      }
    })
  }

  change(ref: SessionRef, seq: number): ChangeRecord | undefined {
    return this.#guard(ref, () => {
      const row = this.#change.get(ref.n, seq)
      if (row === undefined) return undefined
      const { sum, record } = row
      if (!(record instanceof Uint8Array) || sum !== recordSum(ref.n, seq, record))
        throw corruptSession(ref.sessionId, 'a change is damaged')
      return decodeRecord(record)
    })
  }

  close(): void {
    this.#db.close()
  }

  #guard<T>(ref: SessionRef, read: () => T): T {
    const before = this.#damaged.get(ref.n)
    if (before !== undefined) throw before
    try {
      return read()
    } catch (error) {
      const known = toSessionError(error, ref.sessionId, this.#file)
      if (known !== error && known.code === 'state.corrupt') this.#damaged.set(ref.n, known)
      throw known
    }
  }
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
