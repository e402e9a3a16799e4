import { execFileSync } from 'node:child_process'
import { existsSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { SAVE_HEAD, headToRow } from './heads.ts'
import type { SessionHead } from './heads.ts'
import { saveMeta } from './meta.ts'
import { SCHEMA_VERSION, migrate } from './schema.ts'
import { toStateError } from './sqlite-error.ts'
import { createPrivateFile, syncDirectory } from './state-files.ts'

/**
 * Copies a session's rows, unchecked as they are, into a state file of their own at `to`. It is
 * complete and durable when this returns. Where damage keeps rows from being read, the whole
 * `file` with its log is copied instead.
 */
export function copySession(file: string, head: SessionHead, to: string, reason: string): void {
  const draft = `${to}.draft`
  createPrivateFile(draft)
  try {
    copyRows(file, head, draft, reason)
  } catch (error) {
    const known = toStateError(error, file)
    if (known.code !== 'state.corrupt') throw known
    copyFile(file, draft)
    if (existsSync(`${file}-wal`)) copyFile(`${file}-wal`, `${to}-wal`)
  }
  renameSync(draft, to)
  syncDirectory(dirname(to))
}

/** In a process of its own: closing a descriptor of the file in this one would drop SQLite's locks. */
function copyFile(from: string, to: string): void {
  createPrivateFile(to)
  execFileSync('cp', ['--', from, to])
}

function copyRows(file: string, head: SessionHead, to: string, reason: string): void {
  const source = new DatabaseSync(file, { readOnly: true, timeout: 10_000 })
  const target = new DatabaseSync(to)
  try {
    target.exec('PRAGMA synchronous = FULL; BEGIN')
    migrate(target, 0)
    saveMeta(target, { schema: SCHEMA_VERSION, clean: true })
    target.prepare('INSERT INTO meta (key, value, sum) VALUES (?, ?, 0)').run('reason', reason)
    target.prepare(SAVE_HEAD).run(...headToRow(head))
    for (const [table, columns] of [
      ['kv', 'session, type, id, sum, value'],
      ['images', 'session, body'],
      ['journal', 'session, seq, sum, record'],
    ] as const) {
      const marks = columns.replaceAll(/\w+/g, '?')
      const put = target.prepare(`INSERT INTO ${table} (${columns}) VALUES (${marks})`)
      const rows = source.prepare(`SELECT ${columns} FROM ${table} WHERE session = ?`)
      for (const row of rows.iterate(head.n)) put.run(...Object.values(row))
    }
    target.exec('COMMIT')
  } finally {
    source.close()
    target.close()
  }
}
