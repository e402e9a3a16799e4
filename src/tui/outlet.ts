import { writeSync } from 'node:fs'
import type { WriteStream } from 'node:tty'

/** What Node has no public name for. */
type Handled = WriteStream & { _handle?: { setBlocking?: (blocking: boolean) => unknown } }

const STDOUT = 1
/** How long a slow terminal gets to take the last of it. */
const LAST_MS = 2_000

/**
 * A terminal that is written to without waiting for it, as Node would in every write: one that is
 * slow, or stopped by Ctrl-S, holds up its own picture and neither keys, signals nor the daemon's
 * events. What it has not taken yet waits here, so who writes asks first.
 */
export class Outlet {
  readonly #stdout: WriteStream
  readonly #stderr: WriteStream

  constructor(stdout: WriteStream, stderr: WriteStream) {
    this.#stdout = stdout
    this.#stderr = stderr
    setBlocking(stdout, false)
  }

  /** Bytes so far, with those that wait. */
  get written(): number {
    return this.#stdout.bytesWritten
  }

  /** Whether the terminal took everything; if not, `then` is called once it has. */
  taken(then: () => void): boolean {
    if (this.#stdout.writableLength === 0) return true
    this.#stdout.write('', () => then())
    return false
  }

  /** Resolves when the terminal took everything, or takes nothing any more. */
  async close(): Promise<void> {
    const last = Promise.withResolvers<void>()
    if (!this.taken(last.resolve)) {
      const timer = setTimeout(last.resolve, LAST_MS)
      await last.promise
      clearTimeout(timer)
    }
    if (this.#stdout.writableLength === 0) setBlocking(this.#stdout, true)
    // What libraries write there when the process ends must not keep it from ending.
    else setBlocking(this.#stderr, false)
  }

  /** For a process that ends now: what waits is lost, so that the end is written past it. */
  abandon(end: string): void {
    if (this.#stdout.writableLength > 0) writeSync(STDOUT, end)
  }
}

function setBlocking(stdout: Handled, blocking: boolean): void {
  // Without it everything is as slow as the terminal, and right all the same.
  stdout._handle?.setBlocking?.(blocking)
}
