interface Waiter {
  sessionId: string
  seq: number
  /** Reject as soon as an attempt to store fails. */
  impatient: boolean
  resolve(): void
  reject(error: unknown): void
}

/** Those who wait for a session's changes to be stored. */
export class Waiters {
  readonly #waiters = new Set<Waiter>()

  get any(): boolean {
    return this.#waiters.size > 0
  }

  /** Resolves when the session is stored up to `seq`; `begin` runs once the waiting has begun. */
  async wait(
    what: { sessionId: string; seq: number; impatient: boolean },
    begin: () => void,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { ...what, resolve, reject }
    const onAbort = (): void => reject(signal?.reason)
    this.#waiters.add(waiter)
    signal?.addEventListener('abort', onAbort)
    try {
      begin()
      await promise
    } finally {
      this.#waiters.delete(waiter)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  stored(sessionId: string, seq: number): void {
    for (const waiter of this.#waiters)
      if (waiter.sessionId === sessionId && waiter.seq <= seq) waiter.resolve()
  }

  /** An attempt failed; it will be repeated. */
  troubled(error: unknown): void {
    for (const waiter of this.#waiters) if (waiter.impatient) waiter.reject(error)
  }

  /** Nothing more comes of any session. */
  rejectEach(error: (sessionId: string) => unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error(waiter.sessionId))
  }

  /** Nothing more comes, of this session or of any. */
  reject(error: unknown, sessionId?: string): void {
    for (const waiter of this.#waiters)
      if (sessionId === undefined || waiter.sessionId === sessionId) waiter.reject(error)
  }
}
