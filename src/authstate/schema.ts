import { DatabaseSync } from 'node:sqlite'

import { resumBoots } from './meta.ts'

/** `wagw`: tells our files from other SQLite files. */
export const APPLICATION_ID = 0x77616777

/**
 * A session's values are one body in `images`, as they were installed, with a few that changed since
 * in kv over it; a change that deletes one, or one too many, moves all into kv.
 *
 * kv and journal have rowids: a value of 1 to 4 KB then lies in one page that an update rewrites
 * alone. Without them it spills into overflow pages, and group commit has a third of the rate.
 *
 * One step a version; `PRAGMA user_version` counts how many have run.
 */
const MIGRATIONS: readonly (string | ((db: DatabaseSync) => void))[] = [
  `CREATE TABLE meta (
     key TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE boots (
     boot TEXT PRIMARY KEY, minted INTEGER NOT NULL, sum INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE sessions (
     n INTEGER PRIMARY KEY, id TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL,
     stored_seq INTEGER NOT NULL, confirmed_epoch INTEGER NOT NULL, paired INTEGER NOT NULL,
     keys INTEGER NOT NULL, digest INTEGER NOT NULL, tags TEXT NOT NULL, sum INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE kv (
     session INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, sum INTEGER NOT NULL,
     value BLOB NOT NULL, PRIMARY KEY (session, type, id)
   ) STRICT;
   CREATE TABLE journal (
     session INTEGER NOT NULL, seq INTEGER NOT NULL, sum INTEGER NOT NULL, record BLOB NOT NULL,
     PRIMARY KEY (session, seq)
   ) STRICT;`,
  (db) => {
    db.exec('ALTER TABLE boots ADD COLUMN next_slot INTEGER NOT NULL DEFAULT 0')
    resumBoots(db)
  },
  `ALTER TABLE sessions ADD COLUMN image INTEGER NOT NULL DEFAULT 0;
   CREATE TABLE images (session INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;`,
  'ALTER TABLE sessions ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0',
]

export const SCHEMA_VERSION = MIGRATIONS.length

/** Runs the migrations from `version` on. The caller owns the transaction. */
export function migrate(db: DatabaseSync, version: number): void {
  for (const step of MIGRATIONS.slice(version)) {
    if (typeof step === 'string') db.exec(step)
    else step(db)
  }
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; PRAGMA application_id = ${APPLICATION_ID}`)
}

/** The schema as text, to compare with what a file of this version must have. */
export function schemaText(db: DatabaseSync): string {
  const rows = db.prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name').all()
  return JSON.stringify(rows)
}

let expected: string | undefined

export function expectedSchemaText(): string {
  if (expected === undefined) {
    const db = new DatabaseSync(':memory:')
    migrate(db, 0)
    expected = schemaText(db)
    db.close()
  }
  return expected
}
