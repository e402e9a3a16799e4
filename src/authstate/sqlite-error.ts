import { GatewayError } from '../session/errors.ts'
import type { ErrorCode } from '../session/errors.ts'

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html). */
const SQLITE = { PERM: 3, BUSY: 5, LOCKED: 6, READONLY: 8, IOERR: 10, FULL: 13, CANTOPEN: 14 }

/** SQLite's primary result code, if SQLite threw it. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

interface Fault {
  code: ErrorCode
  message: string
  hint: string
}

const DISK_FULL: Fault = {
  code: 'state.disk',
  message: 'the disk under the state directory is full',
  hint: 'free space there, then start the daemon again; nothing that was acknowledged is lost',
}
const DISK_BROKEN: Fault = {
  code: 'state.disk',
  message: 'the disk under the state directory failed',
  hint: 'look at `dmesg`, replace the disk, then start the daemon again',
}
const NO_PERMISSION: Fault = {
  code: 'state.permission',
  message: 'the state directory cannot be written',
  hint: 'give the directory and the files in it to the user that runs the daemon',
}
const HELD: Fault = {
  code: 'state.locked',
  message: 'another program holds the local state',
  hint: 'close whatever has state.db open, then start the daemon again',
}

const BY_SQLITE_CODE: Record<number, Fault> = {
  [SQLITE.PERM]: NO_PERMISSION,
  [SQLITE.BUSY]: HELD,
  [SQLITE.LOCKED]: HELD,
  [SQLITE.READONLY]: NO_PERMISSION,
  [SQLITE.IOERR]: DISK_BROKEN,
  [SQLITE.FULL]: DISK_FULL,
  [SQLITE.CANTOPEN]: NO_PERMISSION,
}

const BY_ERRNO: Record<string, Fault> = {
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  EIO: DISK_BROKEN,
  EROFS: NO_PERMISSION,
  EACCES: NO_PERMISSION,
  EPERM: NO_PERMISSION,
}

function faultOf(error: unknown): Fault | undefined {
  const code = sqliteCode(error)
  if (code !== undefined) return BY_SQLITE_CODE[code]
  if (error instanceof Error && 'code' in error) return BY_ERRNO[String(error.code)]
  return undefined
}

/**
 * What a failed access to `file` means. Whatever is neither the disk nor permissions is taken for
 * damage: our own statements are right, so SQLite choking on them means that the file is not.
 */
export function toStateError(error: unknown, file: string): GatewayError {
  if (error instanceof GatewayError) return error
  const fault = faultOf(error)
  if (fault !== undefined) return new GatewayError({ ...fault, subject: file, cause: error })
  return new GatewayError({
    code: 'state.corrupt',
    subject: file,
    message: 'the local state is damaged',
    hint: 'start the daemon again: it sets the file aside and restores sessions from the store',
    cause: error,
  })
}

/** Damage in one session, which leaves the others usable. */
export function corruptSession(sessionId: string, what: string, cause?: unknown): GatewayError {
  return new GatewayError({
    code: 'state.corrupt',
    subject: sessionId,
    message: `the local state of session ${sessionId} is damaged: ${what}`,
    hint: `run \`wa-gateway recover --session ${sessionId}\` to restore it from the object store`,
    cause,
  })
}

/** The same for an access that concerned one session. */
export function toSessionError(error: unknown, sessionId: string, file: string): GatewayError {
  const known = toStateError(error, file)
  return known.code === 'state.corrupt' && !(error instanceof GatewayError)
    ? corruptSession(sessionId, 'SQLite cannot read it', error)
    : known
}
