import { pack } from 'msgpackr'
import type { ObjectStore } from '../store/port.ts'
import type { Clock } from './clock.ts'
import { aliveName } from './names.ts'
import type { Sealer } from './sealer.ts'

/** Milliseconds between two puts of the counter. */
const BEAT_MS = 2_000

interface AliveOptions {
  store: ObjectStore
  clock: Clock
  worker: string
  /** Asked before each put, since a fenced worker goes on under another boot id. */
  boot: () => string
  sealer: Sealer
  /** What else is to be done that often, or as often as it can; it must not reject. */
  onBeat?: (signal: AbortSignal) => Promise<void>
  /** Called when a put arrives after one that did not. */
  onBack?: () => void
}

/**
 * Puts this boot's `alive` counter every two seconds, so that others see that its sessions are in
 * good hands. Courtesy, not safety: what makes a take-over safe is the conditional write.
 */
export class AliveBeat {
  readonly #store: ObjectStore
  readonly #clock: Clock
  readonly #worker: string
  readonly #boot: () => string
  readonly #sealer: Sealer
  readonly #onBeat: (signal: AbortSignal) => Promise<void>
  readonly #onBack: () => void
  #counter = 0
  #abort: AbortController | undefined
  #loop: Promise<void> = Promise.resolve()
  #aside: Promise<void> | undefined
  #failure: unknown

  constructor(options: AliveOptions) {
    const { store, clock, worker, boot, sealer } = options
    this.#store = store
    this.#clock = clock
    this.#worker = worker
    this.#boot = boot
    this.#sealer = sealer
    this.#onBeat = options.onBeat ?? (() => Promise.resolve())
    this.#onBack = options.onBack ?? (() => undefined)
  }

  /** Why the last put failed; undefined when it did not. */
  get failure(): unknown {
    return this.#failure
  }

  /** Resolves after the first put, whether or not it arrived: a store that is away is no reason to stop. */
  async start(): Promise<void> {
    if (this.#abort !== undefined) return
    this.#abort = new AbortController()
    const { signal } = this.#abort
    await this.#put(signal)
    this.#loop = this.#run(signal)
  }

  /** Ends the counter and removes its object, so that nobody waits for silence in vain. */
  async stop(): Promise<void> {
    if (this.#abort === undefined) return
    this.#abort.abort()
    this.#abort = undefined
    await this.#loop
    await this.#aside
    try {
      await this.#store.remove(this.#name())
    } catch (error) {
      // What stays behind no longer moves, which says the same a little later.
      this.#failure = error
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#clock.sleep(BEAT_MS, { signal, background: true })
      } catch (error) {
        if (signal.aborted) return
        throw error
      }
      await this.#put(signal)
      // Whatever else is slow must not make the counter look silent.
      this.#aside ??= this.#onBeat(signal).finally(() => (this.#aside = undefined))
    }
  }

  async #put(signal: AbortSignal): Promise<void> {
    this.#counter++
    const name = this.#name()
    const payload = pack({ counter: this.#counter, at: this.#clock.wall() })
    try {
      const bytes = this.#sealer.seal({ name, kind: 'alive' }, 'none', payload)
      await this.#store.put(name, bytes, { signal })
      const wasAway = this.#failure !== undefined
      this.#failure = undefined
      if (wasAway) this.#onBack()
    } catch (error) {
      // The next beat tries again; whoever watches meanwhile sees silence, and fencing decides.
      this.#failure = error
    }
  }

  #name(): string {
    return aliveName(this.#worker, this.#boot())
  }
}
