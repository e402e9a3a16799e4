import { GatewayError } from '../session/errors.ts'

const DEFAULT_TIMEOUT_MS = 30_000

export interface WaitOptions {
  /** Milliseconds after which waiting fails; 30 s when left out. */
  timeoutMs?: number
  signal?: AbortSignal
}

/**
 * Waits until `look` finds something. `listen` is told what to call when it is worth looking again
 * and returns how to stop listening. Throws `session.timeout` that names what was waited for.
 */
export function waitUntil<T>(
  what: string,
  look: () => T | undefined,
  listen: (again: () => void) => () => void,
  options: WaitOptions = {},
): Promise<T> {
  const found = look()
  if (found !== undefined) return Promise.resolve(found)
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      stop()
      options.signal?.removeEventListener('abort', aborted)
    }
    const aborted = (): void => {
      end()
      reject(new GatewayError({ code: 'interrupted', message: `stopped waiting for ${what}` }))
    }
    const stop = listen(() => {
      const now = look()
      if (now === undefined) return
      end()
      resolve(now)
    })
    const timer = setTimeout(() => {
      end()
      const message = `waited ${timeoutMs} ms in vain for ${what}`
      reject(new GatewayError({ code: 'session.timeout', message }))
    }, timeoutMs)
    timer.unref()
    options.signal?.addEventListener('abort', aborted, { once: true })
    if (options.signal?.aborted === true) aborted()
  })
}
