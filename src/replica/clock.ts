import { setTimeout as delay } from 'node:timers/promises'

/** Time as the replica needs it; tests bring their own. */
export interface Clock {
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  monotonic(): number
  /** Milliseconds since the epoch, for people. */
  wall(): number
  /** Rejects with the signal's reason when aborted. `background` sleeps keep no process alive. */
  sleep(ms: number, options?: { signal?: AbortSignal; background?: boolean }): Promise<void>
}

export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  async sleep(ms, { signal, background = false } = {}) {
    signal?.throwIfAborted()
    await delay(ms, undefined, { ref: !background, ...(signal && { signal }) }).catch(
      (error: unknown) => {
        signal?.throwIfAborted()
        throw error
      },
    )
  },
}
