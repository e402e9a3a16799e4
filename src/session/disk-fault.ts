/** Why a file of this host could not be used, where the fault is not in what the file holds. */
export type DiskFault = 'full' | 'broken' | 'denied' | 'held' | 'starved'

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html): PERM, BUSY, LOCKED, NOMEM, ... */
const BY_SQLITE_CODE: Record<number, DiskFault> = {
  3: 'denied',
  5: 'held',
  6: 'held',
  7: 'starved',
  8: 'denied',
  10: 'broken',
  13: 'full',
  14: 'denied',
}

const BY_ERRNO: Record<string, DiskFault> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EIO: 'broken',
  EROFS: 'denied',
  EACCES: 'denied',
  EPERM: 'denied',
  ENOMEM: 'starved',
  EMFILE: 'starved',
  ENFILE: 'starved',
}

/** SQLite's primary result code, if SQLite threw it. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** Of an error of SQLite or the system. */
export function diskFault(error: unknown): DiskFault | undefined {
  const code = sqliteCode(error)
  if (code !== undefined) return BY_SQLITE_CODE[code]
  return error instanceof Error && 'code' in error ? BY_ERRNO[String(error.code)] : undefined
}
