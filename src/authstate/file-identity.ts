import { statSync } from 'node:fs'

import { GatewayError } from '../session/errors.ts'

/** Which file a path leads to, for as long as it exists; undefined where there is none. */
function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found && `${found.dev}:${found.ino}`
}

/**
 * Tells whether a path still leads to the file that was there at first. SQLite goes on writing into
 * one that was deleted, and all of it is gone with the process.
 */
export class FileIdentity {
  readonly #path: string
  readonly #first: string | undefined

  constructor(path: string) {
    this.#path = path
    this.#first = identityOf(path)
  }

  /** Throws `state.disk` where the file was deleted or replaced, else what the system throws. */
  check(): void {
    const now = identityOf(this.#path)
    if (now !== undefined && now === this.#first) return
    const what = now === undefined ? 'deleted' : 'replaced by another file'
    throw new GatewayError({
      code: 'state.disk',
      subject: this.#path,
      message: `the local state was ${what} while the daemon had it open`,
      hint: 'see what touched the state directory, then start the daemon again: what the file there lacks is restored from the object store',
    })
  }
}
