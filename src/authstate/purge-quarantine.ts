import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

import type { PurgedQuarantine } from './port.ts'
import { syncDirectory } from './state-files.ts'

/** `<name>-<UTC time>[-<n>].db`, as quarantinePath makes them, and what a crash left beside one. */
const NAME = /^(?<name>.+)-\d{8}T\d{9}Z(-\d+)?\.db(?<rest>\.draft|-wal|-shm)?$/

/**
 * Deletes what `quarantine/` holds of one session, which are its keys. Where a file holds others too,
 * or can't be read to tell, it stays: it may be all that is left of them.
 */
export function purgeQuarantine(stateDir: string, sessionId: string): PurgedQuarantine {
  const directory = join(stateDir, 'quarantine')
  const result: PurgedQuarantine = { deleted: [], stayed: [] }
  if (!existsSync(directory)) return result
  for (const file of readdirSync(directory)) {
    const { name, rest } = NAME.exec(file)?.groups ?? {}
    const path = join(directory, file)
    const whole = rest === undefined ? path : path.slice(0, -rest.length)
    // What belongs to a file goes with it.
    if (name === undefined || !existsSync(path)) continue
    if (rest !== undefined && existsSync(whole)) continue
    const why =
      rest === undefined ? stays(path, name, sessionId) : name === sessionId ? '' : undefined
    if (why === undefined) continue
    if (why !== '') {
      result.stayed.push({ path, why })
      continue
    }
    for (const part of ['', '-wal', '-shm', '.draft']) rmSync(whole + part, { force: true })
    result.deleted.push(path)
  }
  syncDirectory(directory)
  return result
}

/** Why the file stays though the session is in it; empty where it goes, undefined where it is not. */
function stays(path: string, name: string, sessionId: string): string | undefined {
  const sessions = sessionsIn(path)
  if (sessions === undefined)
    // A whole file that was damaged, or one session's of which not even the rows could be read.
    return name === sessionId || name === 'state'
      ? 'it cannot be read, so it may hold this session and others'
      : undefined
  const others = sessions.filter((id) => id !== sessionId).length
  if (others === sessions.length) return undefined
  return others === 0
    ? ''
    : `it also holds ${others} other ${others === 1 ? 'session' : 'sessions'}`
}

function sessionsIn(path: string): string[] | undefined {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true })
    return db
      .prepare('SELECT id FROM sessions')
      .all()
      .map(({ id }) => String(id))
  } catch (error) {
    // SQLite's word for whatever keeps it from reading: damage is why the file is here.
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')
      return undefined
    throw error
  } finally {
    db?.close()
  }
}
