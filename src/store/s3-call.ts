import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../session/errors.ts'
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

/** Makes calls through the transport, tries again and names what failed. */
export class S3Caller {
  readonly #transport: S3Transport
  readonly #limits: RetryLimits
  readonly #place: S3Place

  constructor(transport: S3Transport, limits: RetryLimits, place: S3Place) {
    this.#transport = transport
    this.#limits = limits
    this.#place = place
  }

  async call<T>({ subject, signal, kind, request, outcome }: Call<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted()
      const exchange: Exchange = { signal, sent: false }
      try {
        return await this.#transport.run(exchange, () => request(exchange))
      } catch (thrown) {
        signal?.throwIfAborted()
        if (thrown instanceof GatewayError) throw thrown
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

  async #pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    const full = Math.min(this.#limits.baseDelayMs * 2 ** (attempt - 1), MAX_DELAY_MS)
    try {
      await sleep(full / 2 + (Math.random() * full) / 2, undefined, signal && { signal })
    } catch (error) {
      // The caller sees its own reason, not the timer's AbortError.
      signal?.throwIfAborted()
      throw error
    }
  }
}
