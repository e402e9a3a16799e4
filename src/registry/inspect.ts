import { DatabaseSync } from 'node:sqlite'
import { toRegistryError } from './sqlite-error.ts'

/** Reads the whole file without changing it. Throws what is wrong with it. */
export function inspectRegistry(file: string): { sessions: number } {
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 2_000 })
    try {
      const answer = database.prepare('PRAGMA quick_check').get()?.['quick_check']
      if (answer !== 'ok') throw new Error(`quick_check says: ${String(answer)}`)
      const row = database.prepare('SELECT count(*) AS sessions FROM sessions').get()
      return { sessions: Number(row?.['sessions'] ?? 0) }
    } finally {
      database.close()
    }
  } catch (error) {
    throw toRegistryError(error, file)
  }
}
