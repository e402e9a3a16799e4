import { GatewayError } from '../session/errors.ts'

/** True for a system error with one of these codes (ENOENT, ...). */
export function isErrno<Code extends string>(
  thrown: unknown,
  ...codes: Code[]
): thrown is NodeJS.ErrnoException & { code: Code } {
  if (!(thrown instanceof Error) || !('code' in thrown)) return false
  return codes.some((code) => code === thrown.code)
}

/** A file system's error in the store's words; what is none of its own passes unchanged. */
export function folderError(thrown: unknown, root: string, name: string): unknown {
  if (thrown instanceof GatewayError || !isSystemError(thrown)) return thrown
  const subject = name === '' ? root : name
  if (isErrno(thrown, 'ENOSPC', 'EDQUOT')) {
    return new GatewayError({
      code: 'store.full',
      message: `the disk of the object folder ${root} is full`,
      subject,
      hint: `free space there (df -h ${root}); nothing that was stored is lost`,
      cause: thrown,
    })
  }
  if (isErrno(thrown, 'EACCES', 'EPERM', 'EROFS')) {
    return new GatewayError({
      code: 'store.denied',
      message: `the object folder ${root} may not be ${name === '' ? 'used' : 'written or read'} (${thrown.code})`,
      subject,
      hint: `make it belong to the user that runs the gateway (ls -ld ${root})`,
      cause: thrown,
    })
  }
  return new GatewayError({
    code: 'store.unavailable',
    message: `the object folder ${root} failed (${thrown.code})`,
    subject,
    hint: 'look at the disk and its mount (dmesg, df)',
    cause: thrown,
  })
}

/** After the moment from which other processes see the write, only its durability is in doubt. */
export function unsureError(thrown: unknown, root: string, name: string): unknown {
  if (!isSystemError(thrown)) return thrown
  return new GatewayError({
    code: 'store.unknown-outcome',
    message: `the object folder ${root} failed (${thrown.code}) while a write was being made durable`,
    subject: name,
    hint: 'look at the disk and its mount (dmesg, df)',
    cause: thrown,
  })
}

function isSystemError(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown
}
