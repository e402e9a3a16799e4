import type { DatabaseSync, StatementSync } from 'node:sqlite'

import { errorToJson } from '../session/errors.ts'

import { minus, plus, recordSum, rowSum } from './checksum.ts'
import { continues } from './chain.ts'
import { isPaired } from './creds.ts'
import { SAVE_HEAD, enrol, headToRow, strike } from './heads.ts'
import type { Roster, SessionHead } from './heads.ts'
import { Images, keyOf, sumOf } from './images.ts'
import { saveBoot, saveMeta } from './meta.ts'
import type { Boot } from './meta.ts'
import { packHeads } from './op-packing.ts'
import type { BaseTag, Entry } from './port.ts'
import { RecentSums } from './recent-sums.ts'
import { decodeRecord, readRecord } from './record.ts'
import type { Write } from './writes.ts'
import { toSessionError } from './sqlite-error.ts'
import type { DamagedSession, PackedHeads, WriterOp } from './writer-protocol.ts'

/** With more values over it than these, an image becomes rows. */
const OVER_LIMIT = 32
const CREDS_KEY = keyOf('creds', '')

/**
 * Applies operations in a transaction that lasts until `commit`. It is the only writer of the file,
 * so it keeps the sessions' rows in memory and writes each once a transaction. After an error it
 * must not be used again.
 */
export class Applier {
  readonly #db: DatabaseSync
  readonly #heads: Map<number, SessionHead>
  readonly #boots: Map<string, Boot>
  readonly #sums = new RecentSums()
  /** At most so many values lie over the images of these sessions. */
  readonly #over = new Map<number, number>()
  /** Heads that changed in this transaction, and those whose id or tags are news. */
  readonly #dirty = new Set<SessionHead>()
  readonly #news = new Set<SessionHead>()
  /** Sessions whose image is damaged, and those of them that are news. */
  readonly #damaged = new Set<number>()
  #damage: DamagedSession[] = []
  #began = false
  #roster: Roster
  #rosterDirty = false
  readonly #images: Images
  readonly #find: StatementSync
  readonly #save: StatementSync
  readonly #delete: StatementSync
  readonly #saveHead: StatementSync
  readonly #log: StatementSync
  readonly #hashAt: StatementSync
  readonly #sizeLog: StatementSync
  readonly #trimLog: StatementSync

  constructor(
    db: DatabaseSync,
    { heads, boots, roster }: { heads: SessionHead[]; boots: Boot[]; roster: Roster },
  ) {
    this.#db = db
    this.#heads = new Map(heads.map((head) => [head.n, head]))
    this.#boots = new Map(boots.map((boot) => [boot.boot, boot]))
    this.#roster = roster
    this.#images = new Images(db)
    this.#find = db.prepare('SELECT sum FROM kv WHERE session = ? AND type = ? AND id = ?')
    this.#save = db.prepare(
      'INSERT INTO kv (session, type, id, sum, value) VALUES (?, ?, ?, ?, ?) ON CONFLICT (session,type,id) DO UPDATE SET sum=excluded.sum, value=excluded.value',
    )
    this.#delete = db.prepare('DELETE FROM kv WHERE session = ? AND type = ? AND id = ?')
    this.#saveHead = db.prepare(SAVE_HEAD)
    this.#log = db.prepare('INSERT INTO journal (session, seq, sum, record) VALUES (?, ?, ?, ?)')
    this.#hashAt = db.prepare('SELECT record FROM journal WHERE session = ? AND seq = ?')
    this.#sizeLog = db.prepare(
      'SELECT SUM(LENGTH(record)) AS bytes FROM journal WHERE session = ? AND seq <= ?',
    )
    this.#trimLog = db.prepare('DELETE FROM journal WHERE session = ? AND seq <= ?')
  }

  apply(ops: Iterable<WriterOp>): void {
    if (!this.#began) this.#db.exec('BEGIN IMMEDIATE')
    this.#began = true
    for (const op of ops) this.#apply(op)
  }

  /** Returns the changed rows once everything applied is durable, and what could not be applied. */
  commit(): { heads: PackedHeads; damaged: DamagedSession[] } {
    this.apply([])
    for (const head of this.#dirty) this.#saveHead.run(...headToRow(head))
    if (this.#rosterDirty) saveMeta(this.#db, { roster: this.#roster })
    this.#db.exec('COMMIT')
    const done = { heads: packHeads(this.#dirty, this.#news), damaged: this.#damage }
    this.#damage = []
    this.#dirty.clear()
    this.#news.clear()
    this.#rosterDirty = false
    this.#began = false
    return done
  }

  #apply(op: WriterOp): void {
    switch (op.kind) {
      case 'change':
        return this.#follow(this.#head(op.n), op.record)
      case 'create':
        this.#add(op.head)
        return this.#change(op.head, op.record)
      case 'install':
        this.#add(op.head)
        return this.#images.put(op.head, op.body)
      case 'tag':
        return this.#tag(this.#head(op.n), op.tag, op.keep)
      case 'epoch':
        return this.#confirmEpoch(this.#head(op.n), op.epoch)
      case 'stored':
        return this.#confirmStored(this.#head(op.n), op.seq)
      case 'shipped':
        return this.#confirmShipped(op)
      case 'remove':
        return this.#remove(this.#head(op.n))
      case 'boot':
        return this.#saveBoot(op.boot)
      case 'barrier':
        return
      default:
        throw new TypeError(`unknown operation ${JSON.stringify(op satisfies never)}`)
    }
  }

  #head(n: number): SessionHead {
    const head = this.#heads.get(n)
    if (head === undefined) throw new TypeError(`no session has number ${n}`)
    return head
  }

  #add(head: SessionHead): void {
    if (this.#heads.has(head.n)) throw new TypeError(`session number ${head.n} is taken`)
    this.#heads.set(head.n, head)
    this.#dirty.add(head)
    this.#news.add(head)
    this.#roster = enrol(this.#roster, head)
    this.#rosterDirty = true
  }

  /** A change of a session whose image is damaged is passed over, and so are those after it. */
  #follow(head: SessionHead, record: Uint8Array): void {
    if (this.#damaged.has(head.n)) return
    const change = readRecord(record)
    if (head.image && !this.#layOver(head, change.writes) && !this.#expand(head)) return
    this.#change(head, record, change)
  }

  /**
   * A login changes a handful of values: they get rows that lie over the image, which are counted
   * here. False where the image has to become rows.
   */
  #layOver(head: SessionHead, writes: readonly Write[]): boolean {
    if (writes.some(({ value }) => value === null)) return false
    const over = this.#over.get(head.n) ?? this.#images.over(head.n).size
    this.#over.set(head.n, over + writes.length)
    return over + writes.length <= OVER_LIMIT
  }

  /** The values of an image become rows; false where they are damaged. */
  #expand(head: SessionHead): boolean {
    const over = this.#images.over(head.n)
    let entries: Entry[]
    try {
      entries = this.#images.take(head, over)
    } catch (error) {
      const known = toSessionError(error, head.sessionId, head.sessionId)
      if (known.code !== 'state.corrupt') throw error
      this.#damaged.add(head.n)
      this.#damage.push({ n: head.n, error: errorToJson(known) })
      return false
    }
    head.image = false
    this.#over.delete(head.n)
    head.keys = [...over.keys()].filter((key) => key !== CREDS_KEY).length
    head.digest = sumOf(over)
    for (const entry of entries) if (!over.has(keyOf(entry.type, entry.id))) this.#put(head, entry)
    return true
  }

  #change(head: SessionHead, record: Uint8Array, change = readRecord(record)): void {
    if (!continues(head, change))
      throw new TypeError(`change ${change.seq} does not follow on ${head.seq}`)
    this.#log.run(head.n, change.seq, recordSum(head.n, change.seq, record), record)
    for (const write of change.writes) this.#write(head, write)
    head.seq = change.seq
    head.hash = change.hash
    head.changedAt = change.at
    head.backlogBytes += record.length
    this.#dirty.add(head)
  }

  #write(head: SessionHead, { type, id, value }: Write): void {
    const key = `${head.n}\0${type}\0${id}`
    const before = this.#sumOf(key, head, type, id)
    const counts = type === 'creds' ? 0 : 1
    if (before !== null) {
      head.digest = minus(head.digest, before)
      head.keys -= counts
    }
    if (value === null) {
      if (before !== null) this.#delete.run(head.n, type, id)
      this.#sums.set(key, null)
      return
    }
    this.#sums.set(key, this.#put(head, { type, id, value }))
  }

  /** Writes a row that is not counted yet; returns its checksum. A fresh session needs nothing else. */
  #put(head: SessionHead, { type, id, value }: Write): number {
    if (value === null) return 0
    const sum = rowSum(head.n, type, id, value)
    this.#save.run(head.n, type, id, sum, value)
    head.digest = plus(head.digest, sum)
    if (type === 'creds') head.paired = isPaired(value)
    else head.keys++
    return sum
  }

  /** The checksum of the row that there is; null where there is none. */
  #sumOf(key: string, head: SessionHead, type: string, id: string): number | null {
    const known = this.#sums.get(key)
    if (known !== undefined) return known
    const row = this.#find.get(head.n, type, id)
    return row === undefined ? null : Number(row['sum'])
  }

  #tag(head: SessionHead, tag: BaseTag, keep: boolean): void {
    const others = head.tags.filter((old) => old.epoch !== tag.epoch || old.boot !== tag.boot)
    head.tags = keep ? [...others, tag] : [tag]
    this.#dirty.add(head)
    this.#news.add(head)
  }

  #confirmEpoch(head: SessionHead, epoch: number): void {
    head.confirmedEpoch = Math.max(head.confirmedEpoch, epoch)
    // The owner record never goes back, so older tags can match nothing any more.
    head.tags = head.tags.filter((tag) => tag.epoch >= head.confirmedEpoch)
    this.#dirty.add(head)
    this.#news.add(head)
  }

  #confirmStored(head: SessionHead, seq: number): void {
    if (seq <= head.storedSeq) return
    const gone = seq === head.seq ? undefined : this.#sizeLog.get(head.n, seq)
    head.backlogBytes -= gone === undefined ? head.backlogBytes : Number(gone['bytes'] ?? 0)
    head.storedSeq = seq
    this.#trimLog.run(head.n, seq)
    this.#dirty.add(head)
  }

  #confirmShipped({ boot, slot, ends }: Extract<WriterOp, { kind: 'shipped' }>): void {
    const known = this.#boots.get(boot)
    if (known === undefined) throw new TypeError(`boot ${boot} was not minted here`)
    this.#saveBoot({ ...known, nextSlot: Math.max(known.nextSlot, slot + 1) })
    for (const { n, seq, hash } of ends) {
      const head = this.#heads.get(n)
      if (head !== undefined && this.#knows(head, seq, hash)) this.#confirmStored(head, seq)
    }
  }

  /** The history of `head` has this hash at `seq`, which lies in its journal. */
  #knows(head: SessionHead, seq: number, hash: string): boolean {
    if (seq === head.seq) return hash === head.hash
    const record = this.#hashAt.get(head.n, seq)?.['record']
    return record instanceof Uint8Array && decodeRecord(record).hash === hash
  }

  #saveBoot(boot: Boot): void {
    this.#boots.set(boot.boot, boot)
    saveBoot(this.#db, boot)
  }

  #remove(head: SessionHead): void {
    // Keys that were deleted are overwritten wherever they lie in the file.
    this.#db.exec('PRAGMA secure_delete = ON')
    for (const [table, key] of [
      ['kv', 'session'],
      ['images', 'session'],
      ['journal', 'session'],
      ['sessions', 'n'],
    ])
      this.#db.prepare(`DELETE FROM ${table} WHERE ${key} = ?`).run(head.n)
    this.#db.exec('PRAGMA secure_delete = FAST')
    this.#heads.delete(head.n)
    this.#over.delete(head.n)
    this.#damaged.delete(head.n)
    this.#dirty.delete(head)
    this.#news.delete(head)
    this.#sums.clear()
    this.#roster = strike(this.#roster, head)
    this.#rosterDirty = true
  }
}
