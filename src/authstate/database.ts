import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

import { sqliteCode } from '../session/disk-fault.ts'
import { GatewayError } from '../session/errors.ts'

import { EMPTY_ROSTER, loadHeads } from './heads.ts'
import type { Roster, SessionHead } from './heads.ts'
import { loadBoots, loadMeta, saveBoot, saveMeta } from './meta.ts'
import type { Boot } from './meta.ts'
import {
  APPLICATION_ID,
  SCHEMA_VERSION,
  expectedSchemaText,
  migrate,
  schemaText,
} from './schema.ts'
import { toStateError } from './sqlite-error.ts'

export interface DatabaseOptions {
  /** Absolute path of state.db; it exists, if only as an empty file of mode 0600. */
  file: string
  /** SQLite's max_page_count (4,096 bytes each): a quota below the disk's size. */
  maxPages?: number | undefined
}

export interface OpenedDatabase {
  db: DatabaseSync
  boot: string
  boots: Boot[]
  heads: SessionHead[]
  roster: Roster
}

/** Milliseconds for which another program's lock on state.db (a backup, a shell) is waited for. */
const BUSY_TIMEOUT = 60_000

/**
 * The writing connection to a checked and migrated state.db, with a new boot id noted durably.
 * Throws `state.corrupt`, `state.newer`, `state.disk`, `state.permission` or `state.locked`.
 */
export function openDatabase(options: DatabaseOptions): OpenedDatabase {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(options.file, { timeout: BUSY_TIMEOUT })
    db.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA wal_autocheckpoint = 4096;
      PRAGMA cell_size_check = ON;
      PRAGMA secure_delete = FAST;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA cache_size = -32768`)
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`)
    return prepare(db, options.file)
  } catch (error) {
    closeQuietly(db)
    throw toStateError(meaningOf(error, options.file), options.file)
  }
}

const READONLY = 8
const CANTOPEN = 14
/** Where the header says which versions may write the file, and the newest that SQLite knows. */
const WRITE_VERSION = { at: 18, newest: 2 }

/**
 * What SQLite does not tell apart: a damaged header makes it take a file that we may well write for a
 * read-only one, and a file that it cannot make beside this one may want an inode or a permission.
 */
function meaningOf(error: unknown, file: string): unknown {
  const code = sqliteCode(error)
  if (code === READONLY && forbidsWriting(file))
    return new TypeError('its header forbids writing', { cause: error })
  if (code === CANTOPEN) return whyNothingIsMade(`${file}-probe`) ?? error
  return error
}

function forbidsWriting(file: string): boolean {
  const header = Buffer.alloc(WRITE_VERSION.at + 1)
  const descriptor = openSync(file, 'r')
  try {
    readSync(descriptor, header, 0, header.length, 0)
  } finally {
    closeSync(descriptor)
  }
  return header.readUInt8(WRITE_VERSION.at) > WRITE_VERSION.newest
}

function whyNothingIsMade(file: string): unknown {
  try {
    closeSync(openSync(file, 'w', 0o600))
    rmSync(file)
    return undefined
  } catch (error) {
    return error
  }
}

function prepare(db: DatabaseSync, file: string): OpenedDatabase {
  db.exec('BEGIN IMMEDIATE')
  const version = pragma(db, 'user_version')
  const fresh = version === 0 && schemaText(db) === '[]'
  if (fresh) {
    migrate(db, 0)
    saveMeta(db, { schema: SCHEMA_VERSION, roster: EMPTY_ROSTER, clean: true })
  } else {
    refuseForeign(db, version, file)
    if (version < SCHEMA_VERSION) migrate(db, version)
    if (schemaText(db) !== expectedSchemaText()) throw new TypeError('the schema is damaged')
  }
  const meta = loadMeta(db)
  if (!fresh && meta.schema !== version) throw new TypeError('the version number is damaged')
  if (!meta.clean) quickCheck(db)
  const heads = loadHeads(db, meta.roster)
  const boot = randomBytes(16).toString('hex')
  saveBoot(db, { boot, minted: Date.now(), nextSlot: 0 })
  saveMeta(db, { schema: SCHEMA_VERSION, clean: false })
  const boots = loadBoots(db)
  db.exec('COMMIT')
  return { db, boot, boots, heads, roster: meta.roster }
}

function refuseForeign(db: DatabaseSync, version: number, file: string): void {
  if (pragma(db, 'application_id') !== APPLICATION_ID) throw new TypeError('not a state file')
  if (version < 1) throw new TypeError('the version number is damaged')
  // A damaged version number looks like a newer one, but then the copy in `meta` differs.
  if (version > SCHEMA_VERSION && loadMeta(db).schema === version)
    throw new GatewayError({
      code: 'state.newer',
      subject: file,
      message: `the local state has version ${version}, this program knows ${SCHEMA_VERSION}`,
      hint: 'run the newer wa-gateway that wrote it, or choose another state directory',
    })
}

/** After a crash only: it reads the whole file. */
function quickCheck(db: DatabaseSync): void {
  const [first] = db.prepare('PRAGMA quick_check(1)').all()
  if (first?.['quick_check'] !== 'ok')
    throw new TypeError(`SQLite's quick_check says: ${String(first?.['quick_check'])}`)
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name])
}

/** Marks the file as closed in order and empties the write-ahead log into it. */
export function closeDatabase(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE')
  saveMeta(db, { clean: true })
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
}

function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    db?.close()
  } catch {
    // The error that made us close is the one to report.
  }
}
