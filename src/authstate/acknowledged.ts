import type { AckMode } from './port.ts'

/** The newest change that may be acknowledged, from what is durable and what is stored. */
export function ackSeqOf(ack: AckMode, head: { seq: number; storedSeq: number }): number {
  return ack === 'remote' ? head.storedSeq : head.seq
}

interface Waiter {
  seq: number
  resolve: () => void
  /** Present where a failure ends the wait; a `keys.set` is never rejected. */
  reject?: (error: Error) => void
}

/**
 * How far one session's changes are acknowledged, and who waits for it. While it is suspended it
 * stands still, and what would have been reached is reached at `resume`.
 */
export class Acknowledged {
  readonly #listeners = new Set<(seq: number) => void>()
  #waiters: Waiter[] = []
  #seq: number
  #reachable: number
  #suspended: boolean

  /** `frozenAt`: it begins suspended, there. */
  constructor(reachable: number, frozenAt: number | undefined) {
    this.#reachable = reachable
    this.#suspended = frozenAt !== undefined
    this.#seq = frozenAt ?? reachable
  }

  get seq(): number {
    return this.#seq
  }

  advance(reachable: number): void {
    this.#reachable = Math.max(this.#reachable, reachable)
    if (!this.#suspended && this.#reachable > this.#seq) this.#reach(this.#reachable)
  }

  suspend(): void {
    this.#suspended = true
    const impatient = this.#waiters.filter((waiter) => waiter.reject !== undefined)
    this.#waiters = this.#waiters.filter((waiter) => waiter.reject === undefined)
    for (const waiter of impatient) waiter.resolve()
  }

  resume(): void {
    this.#suspended = false
    this.advance(this.#reachable)
  }

  /** Resolves when `seq` is acknowledged, and never otherwise. */
  reached(seq: number): Promise<void> {
    if (seq <= this.#seq) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiters.push({ seq, resolve })
    })
  }

  /** Resolves when `seq` is acknowledged, cannot be, or `ms` have passed; rejects with a failure. */
  async wait(seq: number, ms: number): Promise<void> {
    if (seq <= this.#seq || this.#suspended || ms <= 0) return
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiters.push({ seq, resolve, reject })
        timer = setTimeout(resolve, ms)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Nothing more will be acknowledged: the disk failed. */
  fail(error: Error): void {
    const lost = this.#waiters
    this.#waiters = []
    for (const waiter of lost) waiter.reject?.(error)
  }

  /** Returns the unsubscribe function. */
  listen(listener: (seq: number) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  #reach(seq: number): void {
    this.#seq = seq
    const due = this.#waiters.filter((waiter) => waiter.seq <= seq)
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq)
    for (const waiter of due) waiter.resolve()
    for (const listener of this.#listeners) listener(seq)
  }
}
