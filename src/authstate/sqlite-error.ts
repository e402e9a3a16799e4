import { diskFault, type DiskFault } from '../session/disk-fault.ts'
import { GatewayError } from '../session/errors.ts'
import type { ErrorCode } from '../session/errors.ts'

const FAULTS: Record<DiskFault, { code: ErrorCode; message: string; hint: string }> = {
  full: {
    code: 'state.disk',
    message: 'the disk under the state directory is full',
    hint: 'free space there, then start the daemon again; nothing that was acknowledged is lost',
  },
  broken: {
    code: 'state.disk',
    message: 'the disk under the state directory failed',
    hint: 'look at `dmesg`, replace the disk, then start the daemon again',
  },
  denied: {
    code: 'state.permission',
    message: 'the state directory cannot be written',
    hint: 'give the directory and the files in it to the user that runs the daemon',
  },
  held: {
    code: 'state.locked',
    message: 'another program holds the local state',
    hint: 'close whatever has state.db open, then start the daemon again',
  },
  starved: {
    code: 'state.disk',
    message: 'no memory or file descriptor was left for the local state',
    hint: 'raise the limits of the daemon (`ulimit -n`, MemoryMax), then start it again',
  },
}

/**
 * What a failed access to `file` means. Whatever is neither the disk nor permissions is taken for
 * damage: our own statements are right, so SQLite choking on them means that the file is not.
 */
export function toStateError(error: unknown, file: string): GatewayError {
  if (error instanceof GatewayError) return error
  const fault = diskFault(error)
  if (fault !== undefined)
    return new GatewayError({ ...FAULTS[fault], subject: file, cause: error })
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
