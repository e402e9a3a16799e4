import type { BackendError } from './error.ts'

/**
 * Whether calls get through: nobody tried, they do, no usable answer comes, or an answer that
 * refuses the token.
 */
export type Reach = 'unknown' | 'up' | 'away' | 'denied'

export interface ReachChange {
  from: Reach
  to: Reach
  /** Milliseconds that `from` lasted. */
  lasted: number
  /** What was seen; absent when it is up. */
  error?: BackendError
}

/** What one call says; undefined for a call that succeeded. */
function reachOf(error: BackendError | undefined): Reach {
  if (error === undefined) return 'up'
  if (error.code === 'backend.denied') return 'denied'
  // A refusal is an answer. A page that is not the contract's JSON has no status here.
  return error.code === 'backend.rejected' && error.status !== undefined ? 'up' : 'away'
}

/** Remembers how calls went, so that a change is told once and not each failed call. */
export class Reachability {
  #reach: Reach = 'unknown'
  #since: number

  constructor(now: number) {
    this.#since = now
  }

  get reach(): Reach {
    return this.#reach
  }

  /** Milliseconds since the epoch at which it became so. */
  get since(): number {
    return this.#since
  }

  /** Notes one call; returns the change if it is one. */
  note(error: BackendError | undefined, now: number): ReachChange | undefined {
    const to = reachOf(error)
    if (to === this.#reach) return undefined
    const change = { from: this.#reach, to, lasted: now - this.#since }
    this.#reach = to
    this.#since = now
    return to === 'up' || error === undefined ? change : { ...change, error }
  }
}
