import { GatewayError } from '../session/errors.ts'
import type { ReplicaContext } from './context.ts'
import { collectGarbage, type Collected } from './log/collect.ts'
import { readWants } from './log/want.ts'
import type { Wanted } from './log/port.ts'

/** Milliseconds between two rounds of the garbage collection. */
const COLLECT_MS = 10 * 60_000

/** What is done beside the sessions: hearing others' requests, noticing a fence, clearing away log. */
export class Upkeep {
  readonly #context: ReplicaContext
  readonly #probe: () => Promise<void>
  readonly #collected: Collected = { ended: new Set(), counters: new Map() }
  readonly #listeners = new Set<(wanted: Wanted) => void>()
  readonly #known = new Map<string, Wanted>()
  readonly #abort = new AbortController()
  #collecting: Promise<void> = Promise.resolve()
  #failure: unknown

  constructor(context: ReplicaContext, probe: () => Promise<void>) {
    this.#context = context
    this.#probe = probe
  }

  /** Why the last round failed; undefined where it did not. */
  get failure(): unknown {
    return this.#failure
  }

  start(): void {
    this.#collecting = this.#collect()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#collecting
  }

  /** With every beat of the `alive` counter. */
  async beat(signal: AbortSignal): Promise<void> {
    await this.#tolerate(() => this.#hear(signal))
    await this.#tolerate(this.#probe)
  }

  /** One round of the garbage collection; how many bundles went. */
  collect(): Promise<number> {
    return collectGarbage(this.#context, this.#collected, { signal: this.#abort.signal })
  }

  wanted(): Wanted[] {
    return [...this.#known.values()].toSorted((a, b) => a.at - b.at)
  }

  onWanted(listener: (wanted: Wanted) => void): void {
    this.#listeners.add(listener)
  }

  async #hear(signal: AbortSignal): Promise<void> {
    const { worker, auth, held } = this.#context
    const me = { worker, boot: auth.boot }
    const wants = await readWants(this.#context, me, (id) => held.has(id), signal)
    const before = new Set(this.#known.keys())
    this.#known.clear()
    for (const want of wants) this.#known.set(`${want.sessionId}/${want.boot}`, want)
    for (const [key, want] of this.#known)
      if (!before.has(key)) for (const listener of this.#listeners) listener(want)
  }

  async #collect(): Promise<void> {
    const { signal } = this.#abort
    const { clock } = this.#context
    while (!signal.aborted) {
      await clock.sleep(COLLECT_MS, { signal, background: true }).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
      if (signal.aborted) return
      await this.#tolerate(() => this.collect())
    }
  }

  /** The next round tries again; nobody waits for this one. */
  async #tolerate(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      this.#failure = undefined
    } catch (error) {
      if (!(error instanceof GatewayError) && !this.#abort.signal.aborted) throw error
      this.#failure = error
    }
  }
}
