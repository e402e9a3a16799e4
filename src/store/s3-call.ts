import { setTimeout } from 'node:timers/promises'
import { GatewayError } from '../session/errors.ts'
import { holdOf } from './retry-after.ts'
import { classifyFailure, s3Error, unknownOutcome } from './s3-errors.ts'
import type { S3Place } from './s3-errors.ts'
import type { Exchange, S3Transport } from './s3-transport.ts'

export interface RetryLimits {
  /** How often a call is tried in all. */
  attempts: number
  /** Milliseconds before the second try; doubled for each further one, half of it at random. */
  baseDelayMs: number
}

export interface Call<T> {
  /** For messages: the object's name, or empty. */
  subject: string
  signal: AbortSignal | undefined
  /**
   * `idempotent` calls are tried again after any failure that may pass; `conditional` ones only
   * where the server cannot have seen the request, since a repeated success looks like a conflict.
   */
  kind: 'idempotent' | 'conditional'
  request: (exchange: Exchange) => Promise<T>
  /** An answer that is an outcome and not a failure (a missing object); undefined otherwise. */
  outcome?: (thrown: unknown, exchange: Exchange) => { value: T } | undefined
}

const MAX_DELAY_MS = 5000

/** Milliseconds; `now` of a clock that never goes back. */
interface Clock {
  now(): number
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>
}

const CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => setTimeout(ms, undefined, signal && { signal }),
}

/**
 * Makes calls through the transport, tries again and names what failed. A server that asks to be left
 * alone for a while (Retry-After) is, by all calls.
 */
export class S3Caller {
  readonly #transport: Pick<S3Transport, 'run'>
  readonly #limits: RetryLimits
  readonly #place: S3Place
  readonly #clock: Clock
  /** When the server may be asked again. */
  #heldUntil = 0

  constructor(
    transport: Pick<S3Transport, 'run'>,
    limits: RetryLimits,
    place: S3Place,
    clock = CLOCK,
  ) {
    this.#clock = clock
    this.#transport = transport
    this.#limits = limits
    this.#place = place
  }

  async call<T>({ subject, signal, kind, request, outcome }: Call<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted()
      await this.#hold(signal)
      const exchange: Exchange = { signal, sent: false }
      try {
        return await this.#transport.run(exchange, () => request(exchange))
      } catch (thrown) {
        signal?.throwIfAborted()
        if (thrown instanceof GatewayError) throw thrown
        this.#heed(exchange)
        const known = outcome?.(thrown, exchange)
        if (known !== undefined) return known.value
        const failure = classifyFailure(thrown, exchange)
        if (kind === 'conditional' && failure === 'unclear') {
          throw unknownOutcome(thrown, exchange, this.#place, subject)
        }
        if (failure === 'refused' || attempt >= this.#limits.attempts) {
          throw s3Error(thrown, exchange, this.#place, subject)
        }
        await this.#pause(attempt, signal)
      }
    }
  }

  #heed(exchange: Exchange): void {
    const until = this.#clock.now() + holdOf(exchange, Date.now())
    this.#heldUntil = Math.max(this.#heldUntil, until)
  }

  /** Not all that waited at once when the time is up: over an eighth of it more. */
  async #hold(signal: AbortSignal | undefined): Promise<void> {
    const left = this.#heldUntil - this.#clock.now()
    if (left > 0) await this.#sleep(left + (Math.random() * left) / 8, signal)
  }

  async #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const full = Math.min(this.#limits.baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS)
    await this.#sleep(full / 2 + (Math.random() * full) / 2, signal)
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal)
    } catch (error) {
      // The caller sees its own reason, not the timer's AbortError.
      signal?.throwIfAborted()
      throw error
    }
  }
}
