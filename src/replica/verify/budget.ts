/** Memory, in bytes, that works at the same time share. */
export class Budget {
  readonly #limit: number
  #taken = 0
  readonly #waiting: { bytes: number; begin: () => void }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Runs `work` once there is so much left, in the order of asking; what is larger than all runs alone. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting.push({ bytes, begin: resolve })
      await promise
    } else this.#taken += bytes
    try {
      return await work()
    } finally {
      this.#taken -= bytes
      this.#next()
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#limit
  }

  #next(): void {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined || !this.#fits(first.bytes)) return
      this.#waiting.shift()
      this.#taken += first.bytes
      first.begin()
    }
  }
}
