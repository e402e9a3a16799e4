import type { Clock } from '../../src/replica/clock.ts'

interface Sleeper {
  until: number
  wake: () => void
}

/** A clock that moves only when a test says so. */
export class VirtualClock implements Clock {
  #now = 1_000
  readonly #sleepers = new Set<Sleeper>()

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now
  }

  async sleep(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { until: this.#now + ms, wake: resolve }
    this.#sleepers.add(sleeper)
    const onAbort = (): void => reject(signal?.reason as Error)
    signal?.addEventListener('abort', onAbort)
    try {
      await promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#sleepers.delete(sleeper)
    }
  }

  /** Wakes whoever is due, one after another, until `ms` have passed. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (;;) {
      const next = [...this.#sleepers].toSorted((a, b) => a.until - b.until)[0]
      if (next === undefined || next.until > end) break
      this.#now = Math.max(this.#now, next.until)
      this.#sleepers.delete(next)
      next.wake()
      await settle()
    }
    this.#now = end
  }
}

/** Lets everything run that waits for nothing but promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
