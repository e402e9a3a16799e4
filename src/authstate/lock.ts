import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import { GatewayError } from '../session/errors.ts'

import { createPrivateFile, ensurePrivateDirectory } from './state-files.ts'
import { toStateError } from './sqlite-error.ts'

/** The exclusive right to a state directory. The kernel takes it back when the process dies. */
export interface StateLock {
  readonly stateDir: string
  release(): void
}

/**
 * The locks of this process, by real path. Closing any descriptor of lock.db would drop the lock, so
 * a second attempt must not touch the file; and a lock whose owner forgot it must not be collected.
 */
const held = new Map<string, DatabaseSync>()

/**
 * Takes the lock or throws `state.locked` that names the holder. It is SQLite's lock on `lock.db`,
 * held by an open transaction: no file can go stale. `lock.pid` only tells people who has it.
 */
export function lockStateDir(stateDir: string): StateLock {
  ensurePrivateDirectory(stateDir)
  const path = realpathSync(stateDir)
  if (held.has(path)) throw locked(stateDir, undefined)
  const db = takeLock(stateDir)
  held.set(path, db)
  return {
    stateDir,
    release() {
      if (held.get(path) !== db) return
      held.delete(path)
      db.close()
    },
  }
}

function takeLock(stateDir: string): DatabaseSync {
  const file = join(stateDir, 'lock.db')
  createPrivateFile(file)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { timeout: 0 })
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    createPrivateFile(pidFile(stateDir))
    writeFileSync(pidFile(stateDir), `${process.pid}\n`)
  } catch (error) {
    db?.close()
    const known = toStateError(error, file)
    throw known.code === 'state.locked' ? locked(stateDir, error) : known
  }
  return db
}

/** Who holds the lock: undefined when nobody does; `pid` is missing when it left no note. */
export function lockHolder(stateDir: string): { pid: number | undefined } | undefined {
  try {
    lockStateDir(stateDir).release()
    return undefined
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'state.locked')
      return { pid: readPid(stateDir) }
    throw error
  }
}

function locked(stateDir: string, cause: unknown): GatewayError {
  const pid = readPid(stateDir)
  return new GatewayError({
    code: 'state.locked',
    subject: stateDir,
    message: `another process${pid === undefined ? '' : ` (pid ${pid})`} uses the state directory ${stateDir}`,
    hint: 'stop that daemon first, or choose another state directory',
    cause,
  })
}

function pidFile(stateDir: string): string {
  return join(stateDir, 'lock.pid')
}

function readPid(stateDir: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile(stateDir), 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch (error) {
    // The holder has taken the lock but not written its note yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw toStateError(error, pidFile(stateDir))
  }
}
