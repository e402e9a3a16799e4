import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs, type BackoffSettings } from '../session/backoff.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { given } from '../session/given.ts'
import { Ledger } from './ledger.ts'
import type {
  FleetConnection,
  FleetDirectory,
  Published,
  PublishedSession,
  WorkerReport,
} from './port.ts'
import { BEAT_MS } from './standing.ts'

/** What is published, as it is now, and who hears how that goes. */
export interface PublisherPorts {
  report(): WorkerReport
  sessions(): PublishedSession[]
  /** Called with each new connection, before anything is written there; what it throws ends that. */
  onOpen?(connection: FleetConnection): Promise<void>
  /** Called when the directory is there again or was there at first. */
  onConnected(): void
  /** Called when the directory fails in a way that it did not fail before. */
  onTrouble(error: GatewayError): void
  onPublished?(published: Published): void
  now?: () => number
  random?: () => number
  sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Times are milliseconds since the epoch, by this host's clock. */
export interface FleetView {
  /** Where the directory is. */
  database: string
  /** `refused`: it is there, and waiting does not help. */
  state: 'connecting' | 'connected' | 'away' | 'refused'
  since: number
  /** When the directory last took everything that was to be said; absent before the first time. */
  publishedAt?: number
  /** Sessions of which it has something older. */
  waiting: number
  /** What is wrong. */
  detail?: string
}

/** Changes that come close together go in one statement; comparing all sessions costs milliseconds. */
const GATHER_MS = 1_000
const RETRY: BackoffSettings = { baseMs: 1_000, maxMs: 60_000 }
/** Hands are needed, on the server or in the configuration. */
const REFUSED_RETRY: BackoffSettings = { baseMs: 15_000, maxMs: 120_000 }

/**
 * Keeps the directory's rows of this worker as they are here.
 *
 *   connecting ──► connected ──► away | refused ──► connecting … ; stop from any of them
 *
 * Connected: changes go out a moment after `wake`, a beat and what changed silently every ten seconds.
 * After each new connection everything is published again. Nobody waits for any of it.
 */
export class FleetPublisher {
  readonly #directory: FleetDirectory
  readonly #ports: PublisherPorts
  readonly #ledger = new Ledger()
  readonly #over = new AbortController()
  #leaving = false
  #wake = Promise.withResolvers<void>()
  #loop: Promise<void> | undefined
  #connection: FleetConnection | undefined
  #state: FleetView['state'] = 'connecting'
  #since: number
  #publishedAt: number | undefined
  #error: GatewayError | undefined
  #failures = 0

  constructor(directory: FleetDirectory, ports: PublisherPorts) {
    this.#directory = directory
    this.#ports = ports
    this.#since = this.#now()
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Something has changed; it goes out in a moment. */
  wake(): void {
    this.#wake.resolve()
  }

  /** For who wants to read; undefined while there is none. */
  get connection(): FleetConnection | undefined {
    return this.#connection
  }

  get error(): GatewayError | undefined {
    return this.#error
  }

  view(): FleetView {
    const { put, gone } = this.#ledger.difference(this.#ports.sessions())
    return {
      database: this.#directory.label,
      ...this.standing(),
      waiting: put.length + gone.length,
      ...given({ detail: this.#error?.message }),
    }
  }

  standing(): Pick<FleetView, 'state' | 'since' | 'publishedAt'> {
    return {
      state: this.#state,
      since: this.#since,
      ...given({ publishedAt: this.#publishedAt }),
    }
  }

  /** Rows of sessions that are no more, and that this process has not published: they go. */
  drop(ids: readonly string[]): void {
    this.#ledger.drop(ids)
    this.wake()
  }

  /** Says what is left to say, and goodbye; whatever hangs is cut off after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.#leaving = true
    this.#wake.resolve()
    // Who is not connected does not try again for a goodbye.
    if (this.#connection === undefined) this.#over.abort()
    const limit = setTimeout(() => this.#over.abort(), withinMs)
    await this.#loop
    clearTimeout(limit)
  }

  async #run(): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted && !this.#leaving) {
      try {
        await this.#serve(signal)
      } catch (thrown) {
        if (signal.aborted) return
        const error = toGatewayError(thrown)
        this.#failed(error)
        if (this.#leaving) return
        const settings = error.retryable ? RETRY : REFUSED_RETRY
        await this.#pause(backoffMs(this.#failures++, settings, this.#random()), signal)
      }
    }
  }

  /** One connection, until it fails or this process leaves. */
  async #serve(signal: AbortSignal): Promise<void> {
    const connection = await this.#directory.connect('write', signal)
    try {
      await this.#ports.onOpen?.(connection)
      this.#ledger.startOver()
      this.#connection = connection
      let lost = false
      connection.onLost(() => {
        lost = true
        this.wake()
      })
      for (;;) {
        const last = this.#leaving
        this.#wake = Promise.withResolvers<void>()
        await this.#push(connection)
        if (last) return await connection.leave(this.#ports.report())
        const woken = await this.#wokenWithin(BEAT_MS, signal)
        if (lost) throw endedByServer(this.#directory.label)
        if (woken) await this.#gather(signal)
      }
    } finally {
      this.#connection = undefined
      await connection.close()
    }
  }

  async #push(connection: FleetConnection): Promise<void> {
    const difference = this.#ledger.difference(this.#ports.sessions())
    const { put, gone } = difference
    this.#ledger.begin(difference)
    const published = await connection.publish(this.#ports.report(), put, gone)
    this.#ledger.note(difference)
    this.#publishedAt = this.#now()
    this.#failures = 0
    this.#connected()
    this.#ports.onPublished?.(published)
  }

  #connected(): void {
    if (this.#state === 'connected') return
    this.#become('connected')
    this.#error = undefined
    this.#ports.onConnected()
  }

  #failed(error: GatewayError): void {
    const known = this.#error?.message === error.message
    this.#error = error
    this.#become(error.retryable ? 'away' : 'refused')
    if (!known) this.#ports.onTrouble(error)
  }

  #become(state: FleetView['state']): void {
    if (this.#state === state) return
    this.#state = state
    this.#since = this.#now()
  }

  /** A stop does not wait for what may still come. */
  async #gather(signal: AbortSignal): Promise<void> {
    if (!this.#leaving) await this.#pause(GATHER_MS, signal)
  }

  /** Whether somebody woke it before the time was up. */
  async #wokenWithin(ms: number, signal: AbortSignal): Promise<boolean> {
    const over = new AbortController()
    const late = this.#pause(ms, AbortSignal.any([signal, over.signal])).then(() => false)
    const woken = await Promise.race([this.#wake.promise.then(() => true), late])
    over.abort()
    return woken
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await (this.#ports.sleep ?? wait)(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #now(): number {
    return this.#ports.now?.() ?? Date.now()
  }

  #random(): number {
    return this.#ports.random?.() ?? Math.random()
  }
}

const wait = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal, ref: false })

/** What answers next may be another server, or an earlier state of this one. */
const endedByServer = (label: string) =>
  new GatewayError({
    code: 'fleet.unreachable',
    subject: label,
    message: `the fleet directory ${label} ended the connection`,
    hint: 'nothing: it is tried again by itself',
  })
