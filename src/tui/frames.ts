/** Data may be drawn so often, however cheap it is. */
const LEAST_MS = 200
const MOST_MS = 1_000
/** What drawing data may take of one processor core. */
const SHARE = 0.05

interface Timing {
  now: () => number
  after: (ms: number, act: () => void) => { cancel: () => void }
}

const real: Timing = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms)
    return { cancel: () => clearTimeout(timer) }
  },
}

/**
 * When to draw: at once for a key; for data ever more seldom the longer it takes, which a slow
 * processor and a slow terminal both show in.
 */
export class Frames {
  readonly #draw: () => void
  readonly #timing: Timing
  #next: { cancel: () => void } | undefined
  /** No data is drawn before. */
  #rest = 0

  constructor(draw: () => void, timing: Timing = real) {
    this.#draw = draw
    this.#timing = timing
  }

  soon(): void {
    const wait = Math.max(0, this.#rest - this.#timing.now())
    this.#next ??= this.#timing.after(wait, () => this.now())
  }

  now(): void {
    this.stop()
    const began = this.#timing.now()
    this.#draw()
    const ended = this.#timing.now()
    this.#rest = ended + Math.min(MOST_MS, Math.max(LEAST_MS, (ended - began) / SHARE))
  }

  stop(): void {
    this.#next?.cancel()
    this.#next = undefined
  }
}
