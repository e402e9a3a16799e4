import { setTimeout as delay } from 'node:timers/promises'
import { isForgotten } from './error.ts'
import { MetricsMeter, type SessionCounts } from './metrics.ts'
import type { HeartbeatSession, WorkerRegistry } from './port.ts'

export interface HeartbeatOptions {
  registry: WorkerRegistry
  /** Milliseconds from the end of one beat to the start of the next. */
  interval: number
  /** False: this worker does not register itself, so a forgotten one only reports the error. */
  registration: boolean
  sessions: () => HeartbeatSession[]
  counts: () => SessionCounts
  /** Called after each registration that a beat had to make. */
  onRegistered?: (answer: { recoveryRequired: boolean; assignedSessionCount: number }) => void
  /** Called for each failed beat; the loop goes on. */
  onError?: (error: unknown) => void
  meter?: MetricsMeter
  /** For tests: waits, or rejects when the signal aborts. */
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/**
 * Tells the backend, from registration on, that the worker lives: one beat at a time, whatever it
 * takes. A worker that is not registered, because the backend was down or has forgotten it, is
 * registered by the next beat.
 *
 *   stopped ──start──► running ──stop──► stopped
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #meter: MetricsMeter
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  #running: { loop: Promise<void>; stop: AbortController } | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#meter = options.meter ?? new MetricsMeter()
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal, ref: false }))
  }

  /** Beats at once, then after every interval. */
  start(): void {
    if (this.#running !== undefined) return
    const stop = new AbortController()
    this.#running = { loop: this.#loop(stop.signal), stop }
  }

  /** Resolves when the beat under way has ended; the registry's close() cuts that short. */
  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    running?.stop.abort()
    await running?.loop
  }

  async #loop(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#beat(signal)
      } catch (error) {
        if (!signal.aborted) this.#options.onError?.(error)
      }
      await this.#pause(signal)
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { registry, registration } = this.#options
    if (registration && !registry.health().registered) await this.#register()
    if (signal.aborted) return
    try {
      await this.#send()
    } catch (error) {
      if (!registration || !isForgotten(error) || signal.aborted) throw error
      await this.#register()
      await this.#send()
    }
  }

  async #register(): Promise<void> {
    this.#options.onRegistered?.(await this.#options.registry.register())
  }

  async #send(): Promise<void> {
    const { registry, sessions, counts } = this.#options
    await registry.heartbeat(sessions(), this.#meter.measure(counts()))
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    try {
      await this.#sleep(this.#options.interval, signal)
    } catch (error) {
      // Stopping ends the wait; anything else is a fault of the clock.
      if (!signal.aborted) throw error
    }
  }
}
