interface Work {
  /** Why this is not the time; undefined while it is. */
  waiting(): string | undefined
  /** Does what is due, if anything is; ends soon when `signal` aborts. */
  take(signal: AbortSignal): Promise<void>
}

/** Looks every now and then whether something is due; never does two things at once. */
export class Turns {
  readonly #work: Work
  #lookMs: number
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined

  /** `lookMs`: milliseconds between two looks. `take` must not reject. */
  constructor(lookMs: number, work: Work) {
    this.#lookMs = lookMs
    this.#work = work
  }

  /** Milliseconds between two looks from now on. */
  every(lookMs: number): void {
    this.#lookMs = lookMs
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.start()
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), this.#lookMs)
    this.#timer.unref()
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#turn
  }

  /** Begins a turn unless one is under way; resolves when it is over. */
  async look(): Promise<void> {
    const { signal } = this.#stopping
    if (this.#turn !== undefined || signal.aborted) return
    if (this.#work.waiting() !== undefined) return
    this.#turn = this.#work.take(signal).finally(() => {
      this.#turn = undefined
    })
    await this.#turn
  }
}
