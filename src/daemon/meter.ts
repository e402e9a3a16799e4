import type { ProgressEvent } from '../control/progress.ts'

const EVERY_MS = 500

/** Counts how far something long is and tells its caller, twice a second at most. */
export class Meter {
  readonly #emit: (event: ProgressEvent) => void
  readonly #now: () => number
  #progress: ProgressEvent = { type: 'progress', done: 0 }
  #toldAt = -Infinity

  constructor(emit: (event: ProgressEvent) => void, now: () => number = () => performance.now()) {
    this.#emit = emit
    this.#now = now
  }

  /** What is left out stays as it was; with another `what` counting begins anew. */
  set(change: Omit<Partial<ProgressEvent>, 'type'>): void {
    const another = change.what !== undefined && change.what !== this.#progress.what
    const before: ProgressEvent = another ? { type: 'progress', done: 0 } : this.#progress
    this.#progress = { ...before, ...change }
    if (another || this.#now() - this.#toldAt >= EVERY_MS) this.flush()
  }

  /** One more is done. */
  step({ bytes = 0, failed = false }: { bytes?: number; failed?: boolean } = {}): void {
    const { done, bytes: moved, failed: wrong } = this.#progress
    this.set({
      done: done + 1,
      ...((bytes > 0 || moved !== undefined) && { bytes: (moved ?? 0) + bytes }),
      ...((failed || wrong !== undefined) && { failed: (wrong ?? 0) + (failed ? 1 : 0) }),
    })
  }

  /** So many more bytes were moved. */
  add(bytes: number): void {
    this.set({ bytes: (this.#progress.bytes ?? 0) + bytes })
  }

  /** Tells what there is, however short ago the last time was. */
  flush(): void {
    this.#toldAt = this.#now()
    this.#emit(this.#progress)
  }
}
