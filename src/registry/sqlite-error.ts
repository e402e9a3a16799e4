import { GatewayError, type ErrorDetails } from '../session/errors.ts'

/** The file is a registry's, but what is in it cannot be right. */
export class DamagedFile extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'DamagedFile'
  }
}

type Fault = Pick<ErrorDetails, 'code' | 'message' | 'hint'>

const FULL: Fault = {
  code: 'state.disk',
  message: 'the disk under the registry is full',
  hint: 'free space there, then start the daemon again',
}
const BROKEN: Fault = {
  code: 'state.disk',
  message: 'the disk under the registry failed',
  hint: 'look at `dmesg`, replace the disk, then start the daemon again',
}
const DENIED: Fault = {
  code: 'state.permission',
  message: 'the registry cannot be written',
  hint: 'give the file and its directory to the user that runs the daemon',
}
const HELD: Fault = {
  code: 'state.locked',
  message: 'another program holds the registry',
  hint: 'close whatever has it open, then start the daemon again',
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) and the system's. */
const FAULTS: Record<string, Fault> = {
  3: DENIED,
  5: HELD,
  6: HELD,
  8: DENIED,
  10: BROKEN,
  13: FULL,
  14: DENIED,
  ENOSPC: FULL,
  EDQUOT: FULL,
  EIO: BROKEN,
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: DENIED,
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE = new Set([11, 26])

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

export function isDamage(error: unknown): boolean {
  return error instanceof DamagedFile || DAMAGE.has(sqliteCode(error) ?? 0)
}

/** SQLITE_ERROR from one of our own queries: a table or column is gone. */
export function asDamage(error: unknown): unknown {
  return sqliteCode(error) === 1 ? new DamagedFile('its tables are not ours', error) : error
}

/** What a failure to open or use the registry means. */
export function toRegistryError(error: unknown, file: string): GatewayError {
  if (error instanceof GatewayError) return error
  const system = error instanceof Error && 'code' in error ? String(error.code) : ''
  const fault = FAULTS[String(sqliteCode(error) ?? system)]
  if (fault !== undefined) return new GatewayError({ ...fault, subject: file, cause: error })
  return new GatewayError({
    code: isDamage(error) ? 'state.corrupt' : 'internal',
    subject: file,
    message: `the registry failed: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'start the daemon again: a damaged registry is set aside and a new one begun',
    cause: error,
  })
}
