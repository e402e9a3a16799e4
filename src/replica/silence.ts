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
  /** What the counter showed all along. */
  value: Promise<string>
  verdict: Promise<Silence>
  /** When the counter was last seen unmoved after the window, on the monotonic clock. */
  silentAt: number | undefined
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
    const verdict = this.#ask(name, window)
    return signal === undefined ? verdict : unlessAborted(verdict, signal)
  }

  close(): void {
    this.#abort.abort()
    this.#watches.clear()
  }

  async #ask(name: string, window: number): Promise<Silence> {
    const watch = this.#watches.get(name) ?? this.#begin(name, window)
    const verdict = await watch.verdict
    if (watch.silentAt === undefined || this.#clock.monotonic() - watch.silentAt <= window)
      return verdict
    // Long settled: the counter never shows a value twice, so one look tells whether it moved since.
    const askedAt = this.#clock.monotonic()
    if ((await this.#read(name)) === (await watch.value)) {
      watch.silentAt = askedAt
      return 'silent'
    }
    this.#forget(name, watch)
    return 'alive'
  }

  #begin(name: string, window: number): Watch {
    const value = this.#read(name)
    const watch: Watch = { value, verdict: this.#watch(name, value, window), silentAt: undefined }
    this.#watches.set(name, watch)
    // Only silence is worth remembering: a moving counter may stop, a failing store may heal.
    const settled = (silence?: Silence): void => {
      if (silence === 'silent') watch.silentAt = this.#clock.monotonic()
      else this.#forget(name, watch)
    }
    watch.verdict.then(settled, () => settled())
    return watch
  }

  #forget(name: string, watch: Watch): void {
    if (this.#watches.get(name) === watch) this.#watches.delete(name)
  }

  async #watch(name: string, first: Promise<string>, window: number): Promise<Silence> {
    const { signal } = this.#abort
    const value = await first
    const since = this.#clock.monotonic()
    for (;;) {
      await this.#clock.sleep(this.#timing.poll, { signal, background: true })
      const readAt = this.#clock.monotonic()
      if ((await this.#read(name)) !== value) return 'alive'
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
