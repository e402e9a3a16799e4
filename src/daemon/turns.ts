interface Work {
  /** Why this is not the time; undefined while it is. */
  waiting(): string | undefined
  /** Does what is due, if anything is; ends soon when `signal` aborts. */
  take(signal: AbortSignal): Promise<void>
}

/** Milliseconds between two looks; less where the interval is. */
const LOOK_MS = 1_000

/** Looks every now and then whether something is due; never does two things at once. */
export class Turns {
  readonly #work: Work
  #intervalMs: number
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> | undefined

  /** `intervalMs`: in which there is something to do about once. `take` must not reject. */
  constructor(intervalMs: number, work: Work) {
    this.#intervalMs = intervalMs
    this.#work = work
  }

  get intervalMs(): number {
    return this.#intervalMs
  }

  /** Another interval, from now on. */
  every(intervalMs: number): void {
    this.#intervalMs = intervalMs
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.start()
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), Math.min(LOOK_MS, this.#intervalMs))
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
