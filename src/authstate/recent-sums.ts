/** Rows remembered: between this number and twice as many. */
const GENERATION = 32_768

/**
 * The checksums of the kv rows that were written last, so that the next write of one need not look
 * it up: the keys of a conversation are written with every message. Only the one writer of the file
 * may keep it. Two generations: what is not written for a whole generation is forgotten.
 */
export class RecentSums {
  readonly #generation: number
  #young = new Map<string, number | null>()
  #old = new Map<string, number | null>()

  constructor(generation = GENERATION) {
    this.#generation = generation
  }

  /** null: there is no such row; undefined: not known. */
  get(key: string): number | null | undefined {
    const sum = this.#young.get(key)
    return sum === undefined ? this.#old.get(key) : sum
  }

  set(key: string, sum: number | null): void {
    if (this.#young.size >= this.#generation && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, sum)
  }

  clear(): void {
    this.#young = new Map()
    this.#old = new Map()
  }
}
