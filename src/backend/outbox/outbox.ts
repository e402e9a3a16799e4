import { setTimeout as sleep } from 'node:timers/promises'
import type { OutboxStore } from '../../registry/port.ts'
import { type GatewayError, toGatewayError } from '../../session/errors.ts'
import { pauseAfter } from '../pause.ts'
import type { OutboxView } from '../port.ts'
import { LettersOnDisk } from './disk.ts'
import { judge, type Verdict } from './judge.ts'
import type { Letter } from './letter.ts'
import { LetterQueue, type QueueLimits } from './queue.ts'

export interface OutboxOptions {
  store: OutboxStore
  /** One attempt; throws why it failed. */
  send: (letter: Letter) => Promise<void>
  /** Whether the backend would know what the letter is about. */
  mayGo?: ((letter: Letter) => boolean) | undefined
  onEvent?: ((event: OutboxEvent) => void) | undefined
  limits?: QueueLimits | undefined
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  random?: (() => number) | undefined
  /** For tests: waits, or rejects when the signal aborts. */
  sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined
}

export type OutboxEvent =
  | { type: 'paused'; error: GatewayError; waiting: number }
  | { type: 'resumed'; waiting: number }
  | { type: 'refused'; letter: Letter; error: GatewayError }
  | { type: 'dropped'; letters: number }
  | { type: 'disk'; error: unknown }

/** Deliveries at the same time when all is well; after a failure it begins with one again. */
const CONCURRENCY = 4
const PAUSE = { base: 1_000, max: 60_000 }
const DENIED_PAUSE = { base: 30_000, max: 600_000 }
const LIMITS: QueueLimits = { letters: 10_000, bytes: 8 * 1024 * 1024 }

/**
 * Delivers letters to the backend, each at least once, over outages and restarts.
 *
 *   sending ──a delivery that must wait──► paused ──time, kick──► sending   (one at a time first)
 *   any ──close──► closed
 *
 * What the backend will never take is set apart and counted; it blocks nothing.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #disk: LettersOnDisk
  readonly #queue: LetterQueue
  readonly #now: () => number
  readonly #unsure = new Map<number, number>()
  readonly #idle = new Set<() => void>()
  #seq = 0
  #limit = 1
  #failures = 0
  #pause: AbortController | undefined
  #closed = false
  #lastRefusal: OutboxView['lastRefusal']
  #lastError: OutboxView['lastError']
  readonly #counts = { dropped: 0, expired: 0, refused: 0 }

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#queue = new LetterQueue(options.limits ?? LIMITS)
    this.#disk = new LettersOnDisk(options.store, (error) => this.#tell({ type: 'disk', error }))
  }

  /** Takes up what an earlier process did not deliver; comes before everything else. */
  async load(): Promise<void> {
    const { letters, refused, counts } = await this.#disk.load()
    for (const name of ['dropped', 'expired', 'refused'] as const)
      this.#counts[name] = counts[name] ?? 0
    if (refused !== undefined)
      this.#lastRefusal = { at: refused.refusedAt, call: refused.call, message: refused.error }
    for (const letter of letters) this.#take(letter)
    this.#pump()
  }

  /** Resolves when the letter is on disk, or delivered already. */
  async put(letter: Omit<Letter, 'seq'>): Promise<void> {
    const whole = { ...letter, seq: this.#seq + 1 }
    this.#take(whole)
    this.#disk.put(whole)
    this.#pump()
    await this.#disk.flush()
  }

  /** What waits in the lane is nobody's business any more. */
  forget(lane: string): void {
    for (const letter of this.#queue.forget(lane)) this.#disk.remove(letter)
  }

  /** The backend was heard of: a pause ends now. */
  kick(): void {
    this.#endPause()
    this.#pump()
  }

  /** Sends what can be sent; resolves when nothing more goes, because all went or the backend is away. */
  async drain(): Promise<void> {
    this.kick()
    if (!this.#resting) await new Promise<void>((resolve) => this.#idle.add(resolve))
    await this.#disk.flush()
  }

  view(): OutboxView {
    const letters = this.#queue.all()
    const oldest = letters.reduce((least, { at }) => Math.min(least, at), Infinity)
    return {
      waiting: letters.length,
      bytes: this.#queue.bytes,
      ...(letters.length === 0 ? {} : { oldestAt: oldest }),
      ...this.#counts,
      ...(this.#lastRefusal === undefined ? {} : { lastRefusal: this.#lastRefusal }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    }
  }

  /** Sends nothing more; resolves when what is under way has ended. What waits stays on disk. */
  async close(): Promise<void> {
    this.#closed = true
    this.#endPause()
    if (!this.#resting) await new Promise<void>((resolve) => this.#idle.add(resolve))
    await this.#disk.flush()
  }

  get #resting(): boolean {
    return this.#queue.underWay === 0
  }

  #endPause(): void {
    const pause = this.#pause
    this.#pause = undefined
    pause?.abort()
  }

  #take(letter: Letter): void {
    this.#seq = Math.max(this.#seq, letter.seq)
    const { replaced, dropped } = this.#queue.add(letter)
    for (const gone of [...replaced, ...dropped]) this.#disk.remove(gone)
    if (dropped.length === 0) return
    this.#count('dropped', dropped.length)
    this.#tell({ type: 'dropped', letters: dropped.length })
  }

  #pump(): void {
    while (!this.#closed && this.#pause === undefined && this.#queue.underWay < this.#limit) {
      const mayGo = this.#options.mayGo ?? (() => true)
      const { letter, expired } = this.#queue.take(this.#now(), mayGo)
      if (expired.length > 0) this.#count('expired', expired.length)
      if (letter === undefined) break
      void this.#deliver(letter)
    }
    this.#rest()
  }

  #rest(): void {
    if (!this.#resting) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }

  async #deliver(letter: Letter): Promise<void> {
    try {
      await this.#options.send(letter)
      this.#delivered(letter)
    } catch (thrown) {
      this.#failed(letter, toGatewayError(thrown))
    }
    this.#pump()
  }

  #delivered(letter: Letter): void {
    this.#queue.done(letter)
    this.#disk.remove(letter)
    this.#unsure.delete(letter.seq)
    this.#goOn()
    this.#limit = Math.min(CONCURRENCY, this.#limit + 1)
  }

  /** The backend takes letters: an outage, if there was one, is over. */
  #goOn(): void {
    if (this.#failures > 0) this.#tell({ type: 'resumed', waiting: this.#queue.count })
    this.#failures = 0
    this.#lastError = undefined
  }

  #failed(letter: Letter, error: GatewayError): void {
    const tries = this.#unsure.get(letter.seq) ?? 0
    const verdict = judge(error, tries)
    if (verdict === 'refuse') {
      this.#unsure.delete(letter.seq)
      this.#refused(letter, error)
      return
    }
    if (verdict === 'unsure') this.#unsure.set(letter.seq, tries + 1)
    const needless = this.#queue.back(letter)
    if (needless !== undefined) {
      this.#disk.remove(needless)
      this.#unsure.delete(needless.seq)
    }
    if (!this.#closed) this.#wait(verdict, letter, error)
  }

  #refused(letter: Letter, error: GatewayError): void {
    this.#queue.done(letter)
    this.#disk.refuse(letter, this.#now(), error.message)
    this.#count('refused', 1)
    this.#lastRefusal = { at: this.#now(), call: letter.call, message: error.message }
    this.#goOn()
    this.#tell({ type: 'refused', letter, error })
  }

  #wait(verdict: Exclude<Verdict, 'refuse'>, { call }: Letter, error: GatewayError): void {
    this.#limit = 1
    this.#lastError = { at: this.#now(), call, message: error.message }
    // Those that were under way when the first failed say nothing new.
    if (this.#pause !== undefined) return
    if (this.#failures++ === 0) this.#tell({ type: 'paused', error, waiting: this.#queue.count })
    const random = this.#options.random ?? Math.random
    const pauses = verdict === 'denied' ? DENIED_PAUSE : PAUSE
    void this.#paused(pauseAfter(this.#failures, pauses, random()))
  }

  async #paused(ms: number): Promise<void> {
    const pause = new AbortController()
    this.#pause = pause
    const wait =
      this.#options.sleep ?? ((time, signal) => sleep(time, undefined, { signal, ref: false }))
    try {
      await wait(ms, pause.signal)
    } catch (error) {
      // A kick or the close has ended the wait; anything else is a fault of the clock.
      if (!pause.signal.aborted) throw error
    }
    if (this.#pause !== pause) return
    this.#pause = undefined
    this.#pump()
  }

  #count(name: 'dropped' | 'expired' | 'refused', more: number): void {
    this.#counts[name] += more
    this.#disk.count(name, this.#counts[name])
  }

  #tell(event: OutboxEvent): void {
    this.#options.onEvent?.(event)
  }
}
