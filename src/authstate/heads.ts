import type { DatabaseSync } from 'node:sqlite'

import { GENESIS_HASH } from './chain.ts'
import { checksum, minus, plus } from './checksum.ts'
import type { BaseTag, LocalSession } from './port.ts'

/** A session's row: where its history stands, and what vouches for its values. */
export interface SessionHead {
  /** The session's number in the other tables. */
  readonly n: number
  readonly sessionId: string
  seq: number
  hash: string
  /** When its newest change was made, in milliseconds since the epoch. */
  changedAt: number
  storedSeq: number
  confirmedEpoch: number
  paired: boolean
  /** Values other than the creds. */
  keys: number
  /** The values lie in `images`, but for a few that changed since, which lie in kv. */
  image: boolean
  /** The sum of its kv rows' checksums and, where it has one, its image's. */
  digest: number
  tags: BaseTag[]
  /** Bytes of its records in the journal; counted, not stored. */
  backlogBytes: number
}

/** The head of a session without history. */
export function emptyHead(n: number, sessionId: string): SessionHead {
  return {
    n,
    sessionId,
    seq: 0,
    hash: GENESIS_HASH,
    changedAt: 0,
    storedSeq: 0,
    confirmedEpoch: 0,
    paired: false,
    keys: 0,
    digest: 0,
    image: false,
    tags: [],
    backlogBytes: 0,
  }
}

/** What others may see of it. */
export function toLocalSession(head: SessionHead): LocalSession {
  const { n: _n, digest: _digest, image: _image, tags, ...shown } = head
  return { ...shown, tags: [...tags] }
}

function headSum(head: SessionHead, tags: string): number {
  const { n, sessionId, seq, hash, storedSeq, confirmedEpoch, paired, keys, digest } = head
  const { image, changedAt } = head
  return checksum(
    n,
    sessionId,
    seq,
    hash,
    storedSeq,
    confirmedEpoch,
    Number(paired),
    keys,
    digest,
    tags,
    ...(image ? ['image'] : []),
    // As sums were before there was such a column.
    ...(changedAt > 0 ? [changedAt] : []),
  )
}

/** Row -> head. Throws where the row's checksum does not fit. */
export function headFromRow(row: Record<string, unknown>): SessionHead {
  const tags = String(row['tags'])
  const head: SessionHead = {
    n: Number(row['n']),
    sessionId: String(row['id']),
    seq: Number(row['seq']),
    hash: String(row['hash']),
    changedAt: Number(row['changed_at']),
    storedSeq: Number(row['stored_seq']),
    confirmedEpoch: Number(row['confirmed_epoch']),
    paired: row['paired'] === 1,
    keys: Number(row['keys']),
    digest: Number(row['digest']),
    image: row['image'] === 1,
    tags: [],
    backlogBytes: 0,
  }
  if (headSum(head, tags) !== row['sum']) throw new TypeError('a session row is damaged')
  head.tags = JSON.parse(tags) as BaseTag[]
  return head
}

/** Head -> the parameters of SAVE_HEAD, in order. */
export function headToRow(head: SessionHead): (string | number)[] {
  const tags = JSON.stringify(head.tags)
  return [
    head.n,
    head.sessionId,
    head.seq,
    head.hash,
    head.storedSeq,
    head.confirmedEpoch,
    Number(head.paired),
    head.keys,
    head.digest,
    tags,
    Number(head.image),
    head.changedAt,
    headSum(head, tags),
  ]
}

export const SAVE_HEAD = `INSERT OR REPLACE INTO sessions
  (n, id, seq, hash, stored_seq, confirmed_epoch, paired, keys, digest, tags, image, changed_at, sum)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Which sessions there must be: a row that vanished would otherwise look like no session. */
export interface Roster {
  count: number
  sum: number
}

export const EMPTY_ROSTER: Roster = { count: 0, sum: 0 }

export function enrol(roster: Roster, head: SessionHead): Roster {
  return { count: roster.count + 1, sum: plus(roster.sum, checksum(head.n, head.sessionId)) }
}

export function strike(roster: Roster, head: SessionHead): Roster {
  return { count: roster.count - 1, sum: minus(roster.sum, checksum(head.n, head.sessionId)) }
}

/** All heads; throws where a row is damaged or does not belong, or one that should be is not. */
export function loadHeads(db: DatabaseSync, expected: Roster): SessionHead[] {
  const heads = db.prepare('SELECT * FROM sessions').all().map(headFromRow)
  const found = heads.reduce(enrol, EMPTY_ROSTER)
  const ids = new Set(heads.map((head) => head.sessionId))
  const same = found.count === expected.count && found.sum === expected.sum
  if (!same || ids.size !== heads.length) throw new TypeError('a session row is missing')
  const bytes = db.prepare('SELECT SUM(LENGTH(record)) AS bytes FROM journal WHERE session = ?')
  for (const head of heads) head.backlogBytes = Number(bytes.get(head.n)?.['bytes'] ?? 0)
  return heads
}
