import { diskFault, sqliteCode, type DiskFault } from '../session/disk-fault.ts'
import { GatewayError, type ErrorDetails } from '../session/errors.ts'

/** The file is a registry's, but what is in it cannot be right. */
export class DamagedFile extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'DamagedFile'
  }
}

const FAULTS: Record<DiskFault, Pick<ErrorDetails, 'code' | 'message' | 'hint'>> = {
  full: {
    code: 'state.disk',
    message: 'the disk under the registry is full',
    hint: 'free space there, then start the daemon again',
  },
  broken: {
    code: 'state.disk',
    message: 'the disk under the registry failed',
    hint: 'look at `dmesg`, replace the disk, then start the daemon again',
  },
  denied: {
    code: 'state.permission',
    message: 'the registry cannot be written',
    hint: 'give the file and its directory to the user that runs the daemon',
  },
  held: {
    code: 'state.locked',
    message: 'another program holds the registry',
    hint: 'close whatever has it open, then start the daemon again',
  },
  starved: {
    code: 'state.disk',
    message: 'no memory or file descriptor was left for the registry',
    hint: 'raise the limits of the daemon (`ulimit -n`, MemoryMax), then start it again',
  },
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE = new Set([11, 26])

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
  const fault = diskFault(error)
  if (fault !== undefined)
    return new GatewayError({ ...FAULTS[fault], subject: file, cause: error })
  return new GatewayError({
    code: isDamage(error) ? 'state.corrupt' : 'internal',
    subject: file,
    message: `the registry failed: ${error instanceof Error ? error.message : String(error)}`,
    hint: 'start the daemon again: a damaged registry is set aside and a new one begun',
    cause: error,
  })
}
