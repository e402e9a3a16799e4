import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import { aliveName } from './names.ts'

/** Milliseconds. */
export interface SilenceTiming {
  /** How long a boot of this worker's own name must be silent, as after a wiped disk. */
  own: number
  /** How long any other boot must be silent. */
  other: number
  /** Between two reads of the counter. */
  poll: number
}

export const SILENCE_TIMING: SilenceTiming = { own: 6_000, other: 30_000, poll: 1_000 }

export type Silence = 'silent' | 'alive'

interface Watch {
  verdict: Promise<Silence>
  /** When the verdict was reached, on the monotonic clock. */
  settledAt: number | undefined
}

/**
 * Tells whether a boot's `alive` counter still moves, by this process' own monotonic clock alone:
 * the times that other hosts write are never compared. All sessions of one boot share one watch,
 * so a lost host with 1,000 sessions costs one wait. Missing counters count as not moving.
 */
export class SilenceWatch {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #worker: string
  readonly #timing: SilenceTiming
  readonly #watches = new Map<string, Watch>()
  readonly #abort = new AbortController()

  constructor(store: ObjectStore, clock: Clock, worker: string, timing = SILENCE_TIMING) {
    this.#store = store
    this.#clock = clock
    this.#worker = worker
    this.#timing = timing
  }

  /**
   * `alive` as soon as the counter moves, `silent` after it did not for the whole window. Rejects
   * with the store's error when it cannot be read: not seeing is not silence. An abort by `signal`
   * ends the asking, not the watch, so that the next attempt finds its result.
   */
  of(worker: string, boot: string, signal?: AbortSignal): Promise<Silence> {
    const name = aliveName(worker, boot)
    const window = worker === this.#worker ? this.#timing.own : this.#timing.other
    const watch = this.#current(name, window) ?? this.#begin(name, window)
    return signal === undefined ? watch.verdict : unlessAborted(watch.verdict, signal)
  }

  close(): void {
    this.#abort.abort()
    this.#watches.clear()
  }

  /** A verdict serves those who ask within another window; then it is too old to act on. */
  #current(name: string, window: number): Watch | undefined {
    const watch = this.#watches.get(name)
    if (watch?.settledAt === undefined) return watch
    return this.#clock.monotonic() - watch.settledAt <= window ? watch : undefined
  }

  #begin(name: string, window: number): Watch {
    const watch: Watch = { verdict: this.#watch(name, window), settledAt: undefined }
    this.#watches.set(name, watch)
    const settle = (silence?: Silence): void => {
      watch.settledAt = this.#clock.monotonic()
      // Only silence is worth remembering: a moving counter may stop, a failing store may heal.
      if (silence !== 'silent' && this.#watches.get(name) === watch) this.#watches.delete(name)
    }
    watch.verdict.then(settle, () => settle())
    return watch
  }

  async #watch(name: string, window: number): Promise<Silence> {
    const { signal } = this.#abort
    const first = await this.#read(name)
    const since = this.#clock.monotonic()
    for (;;) {
      await this.#clock.sleep(this.#timing.poll, { signal, background: true })
      const readAt = this.#clock.monotonic()
      if ((await this.#read(name)) !== first) return 'alive'
      if (readAt - since >= window) return 'silent'
    }
  }

  async #read(name: string): Promise<string> {
    const object = await this.#store.get(name, { signal: this.#abort.signal })
    return object === undefined ? '' : Buffer.from(object.bytes).toString('base64')
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
