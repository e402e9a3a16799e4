/** Data may be drawn so often, however cheap it is. */
const LEAST_MS = 200
const MOST_MS = 1_000
/** What drawing data may take of one processor core. */
const SHARE = 0.05
/** Bytes a second that drawing data may write: a line of 56 kbit/s has room for keys beside it. */
const RATE = 4_096

/** For a terminal that was seen to take less than it was sent. */
const SLOW_RATE = 512
const SLOW_MOST_MS = 5_000
/** It counts as slow for so long, twice as long each further time. */
const SLOW_FOR_MS = 60_000

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

/** Where frames go. */
export interface Link {
  /** Bytes written so far. */
  readonly written: number
  /** Whether everything written arrived; if not, `then` is called once it has. */
  taken(then: () => void): boolean
}

const NOWHERE: Link = { written: 0, taken: () => true }

/**
 * When to draw: at once for a key; for data ever more seldom the more processor time or bytes a frame
 * takes. While the terminal has not taken the last frame no other is made, so that none queues up:
 * the next one shows what is newest then.
 */
export class Frames {
  readonly #draw: () => void
  readonly #link: Link
  readonly #timing: Timing
  #next: { cancel: () => void } | undefined
  /** The last frame. */
  #ended = -Infinity
  #costMs = 0
  #writtenBefore = 0
  /** Set while the terminal takes it: what is drawn then. */
  #held: 'key' | 'data' | undefined
  #slowUntil = -Infinity
  #slowForMs = SLOW_FOR_MS
  #over = false

  constructor(draw: () => void, link: Link = NOWHERE, timing: Timing = real) {
    this.#draw = draw
    this.#link = link
    this.#timing = timing
  }

  /** Data has changed. */
  soon(): void {
    this.#next ??= this.#timing.after(this.#wait(), () => {
      this.#next = undefined
      // What the last frame wrote may have been known too late.
      if (this.#wait() > 0) this.soon()
      else this.#frame('data')
    })
  }

  /** A key was pressed, or the screen is another. */
  now(): void {
    this.#cancel()
    this.#frame('key')
  }

  stop(): void {
    this.#over = true
    this.#cancel()
  }

  #frame(cause: 'key' | 'data'): void {
    if (this.#held !== undefined) {
      if (cause === 'key') this.#held = cause
      return
    }
    if (!this.#link.taken(() => this.#release())) {
      this.#held = cause
      this.#slow()
      return
    }
    this.#writtenBefore = this.#link.written
    const began = this.#timing.now()
    this.#draw()
    this.#ended = this.#timing.now()
    this.#costMs = this.#ended - began
  }

  #release(): void {
    const held = this.#held
    this.#held = undefined
    if (this.#over) return
    if (held === 'key') this.now()
    else this.soon()
  }

  #slow(): void {
    const now = this.#timing.now()
    if (now > this.#slowUntil) {
      this.#slowUntil = now + this.#slowForMs
      this.#slowForMs *= 2
    }
  }

  /** Milliseconds until data may be drawn. */
  #wait(): number {
    const now = this.#timing.now()
    const slow = now < this.#slowUntil
    const bytes = this.#link.written - this.#writtenBefore
    const rest = Math.max(
      LEAST_MS,
      this.#costMs / SHARE,
      (bytes / (slow ? SLOW_RATE : RATE)) * 1_000,
    )
    return Math.max(0, this.#ended + Math.min(slow ? SLOW_MOST_MS : MOST_MS, rest) - now)
  }

  #cancel(): void {
    this.#next?.cancel()
    this.#next = undefined
  }
}
