import { setTimeout as delay } from 'node:timers/promises'
import { BackendError, isForgotten } from './error.ts'
import { MetricsMeter, type SessionCounts } from './metrics.ts'
import { pauseAfter } from './pause.ts'
import type { HeartbeatSession, WorkerRegistry } from './port.ts'

export interface HeartbeatOptions {
  registry: Pick<WorkerRegistry, 'register' | 'heartbeat' | 'health'>
  /** Milliseconds from the end of one beat to the start of the next, a tenth less or more by chance. */
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

/** The first pause after a failure; it doubles up to the interval. */
const FAILURE_MS = 1_000

/**
 * Milliseconds until the next beat, after so many failed ones in a row. A refused token is for a
 * person to put right: the pauses are twice to ten times the interval then.
 */
export function nextBeat(
  interval: number,
  failures: number,
  denied: boolean,
  random: number,
): number {
  if (failures === 0) return Math.round(interval * (0.9 + random / 5))
  const pauses = denied
    ? { base: interval * 4, max: interval * 10 }
    : { base: Math.min(FAILURE_MS, interval), max: interval }
  return pauseAfter(failures, pauses, random)
}

/**
 * Registers the worker and tells the backend that it lives: one beat at a time, whatever it takes,
 * for as long as it runs. A worker that is not registered, because the backend was down or has
 * forgotten it, is registered by the next beat.
 *
 *   stopped ──start──► running ──stop──► stopped
 */
export class Heartbeat {
  #options: HeartbeatOptions
  readonly #meter: MetricsMeter
  readonly #sleep: (ms: number, signal: AbortSignal) => Promise<void>
  #again = false
  #running: { loop: Promise<void>; stop: AbortController } | undefined

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#meter = options.meter ?? new MetricsMeter()
    this.#sleep = options.sleep ?? ((ms, signal) => delay(ms, undefined, { signal, ref: false }))
  }

  /** Milliseconds between beats from the next one on. */
  every(interval: number): void {
    this.#options = { ...this.#options, interval }
  }

  /** The next beat registers the worker again: what it says of itself has changed. */
  registerAgain(): void {
    this.#again = true
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
    let failures = 0
    while (!signal.aborted) {
      let denied = false
      try {
        await this.#beat(signal)
        failures = 0
      } catch (error) {
        failures++
        denied = error instanceof BackendError && error.code === 'backend.denied'
        if (!signal.aborted) this.#options.onError?.(error)
      }
      await this.#pause(nextBeat(this.#options.interval, failures, denied, Math.random()), signal)
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { registry, registration } = this.#options
    if (registration && (this.#again || !registry.health().registered)) await this.#register()
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
    this.#again = false
    try {
      const answer = await this.#options.registry.register()
      this.#options.onRegistered?.(answer)
    } catch (error) {
      this.#again = true
      throw error
    }
  }

  async #send(): Promise<void> {
    const { registry, sessions, counts } = this.#options
    await registry.heartbeat(sessions(), this.#meter.measure(counts()))
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    try {
      await this.#sleep(ms, signal)
    } catch (error) {
      // Stopping ends the wait; anything else is a fault of the clock.
      if (!signal.aborted) throw error
    }
  }
}
