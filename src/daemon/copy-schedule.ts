import type { Logger } from 'pino'
import type { Instants } from '../registry/port.ts'
import { toGatewayError } from '../session/errors.ts'
import { given } from '../session/given.ts'
import type { SiteCopy } from '../whatsapp/ports.ts'
import { untilCopy, type CopyHistory } from './copy-turn.ts'
import { Turns } from './turns.ts'

/** How the copies that run by themselves are. Times are milliseconds since the epoch. */
export interface CopyView {
  /** As the configuration names it. */
  store: string
  intervalMs: number
  /** When the last complete copy began; absent while there is none. */
  completeAt?: number
  /** The sessions of the copy that is under way. */
  running?: { done: number; total?: number }
  /** Why the last one was not complete; absent where it was. */
  trouble?: Pick<SiteCopy, 'at' | 'detail'> & { outcome: 'incomplete' | 'failed' }
  nextAt?: number
  /** Why nothing is copied although it is time. */
  waiting?: string
}

interface Caller {
  onProgress: (progress: { done: number; total?: number }) => void
  signal: AbortSignal
}

interface Ports {
  /** Copies everything; how it ended is told to `noted`. Throws `session.busy` where another runs. */
  copy(caller: Caller): Promise<void>
  instants: Instants
  /** Why this is not the time; undefined while it is. */
  waiting: () => string | undefined
  /** A copy of everything has ended, whoever asked for it. */
  told: (run: SiteCopy) => void
  logger: Logger
  now?: () => number
}

/**
 * Copies everything that is stored to the second site, once in an interval. It waits while sessions
 * are recovered and while the store is away, never runs beside another copy, and what is wrong with
 * the second site stays here. When the last complete copy began lies in the registry.
 */
export class CopySchedule {
  readonly #ports: Ports
  readonly #store: string
  readonly #turns: Turns
  readonly #history: CopyHistory = {
    completeAt: undefined,
    incompleteAt: undefined,
    failures: 0,
    failedAt: undefined,
  }
  #loading: Promise<void> | undefined
  #running: { done: number; total?: number } | undefined
  #trouble: CopyView['trouble']

  /** `store`: as the configuration names it. */
  constructor(store: string, intervalMs: number, ports: Ports) {
    this.#ports = ports
    this.#store = store
    this.#turns = new Turns(intervalMs, {
      waiting: () => ports.waiting(),
      take: (signal) => this.#take(signal),
    })
  }

  /** What is known from before the start is there when it resolves. */
  async load(): Promise<void> {
    this.#loading ??= this.#load()
    await this.#loading
  }

  /** Milliseconds from one copy to the next, from now on. */
  every(intervalMs: number): void {
    this.#turns.every(intervalMs)
  }

  start(): void {
    this.#turns.start()
  }

  async stop(): Promise<void> {
    await this.#turns.stop()
  }

  /** Begins a copy where one is due; resolves when it is over. */
  async look(): Promise<void> {
    await this.#turns.look()
  }

  /** A copy of everything came to its end; `left`: what it left out, in words. */
  async noted(
    { at, sessions, bytes }: { at: number; sessions: number; bytes: number },
    left: string | undefined,
  ): Promise<void> {
    const history = this.#history
    history.failures = 0
    history.failedAt = undefined
    const run = { store: this.#store, at, sessions, bytes }
    if (left !== undefined) {
      history.incompleteAt = at
      this.#trouble = { at, outcome: 'incomplete', detail: left }
      this.#ports.told({ ...run, outcome: 'incomplete', detail: left })
      return
    }
    history.completeAt = at
    this.#trouble = undefined
    this.#ports.told({ ...run, outcome: 'complete' })
    try {
      await this.#ports.instants.write(nameOf(this.#store), at)
    } catch (error) {
      this.#ports.logger.warn({ err: error }, 'after a restart this copy will not be known')
    }
  }

  view(): CopyView {
    const { completeAt } = this.#history
    const until = untilCopy(this.#history, this.#turns.intervalMs, this.#now())
    const idle = this.#running === undefined
    return {
      store: this.#store,
      intervalMs: this.#turns.intervalMs,
      ...given({
        completeAt,
        running: this.#running,
        trouble: this.#trouble,
        nextAt: idle ? this.#now() + until : undefined,
        waiting: idle && until === 0 ? this.#ports.waiting() : undefined,
      }),
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    try {
      await this.load()
      if (untilCopy(this.#history, this.#turns.intervalMs, this.#now()) > 0) return
      this.#running = { done: 0 }
      const onProgress = (progress: { done: number; total?: number }) => {
        this.#running = progress
      }
      await this.#ports.copy({ onProgress, signal })
    } catch (thrown) {
      if (!signal.aborted) this.#failed(thrown)
    } finally {
      this.#running = undefined
    }
  }

  #failed(thrown: unknown): void {
    const error = toGatewayError(thrown)
    // Somebody began a copy of something else in this very moment.
    if (error.code === 'session.busy') return
    const at = this.#now()
    this.#history.failures++
    this.#history.failedAt = at
    const detail = error.message
    this.#trouble = { at, outcome: 'failed', detail }
    this.#ports.told({ store: this.#store, outcome: 'failed', at, sessions: 0, bytes: 0, detail })
  }

  async #load(): Promise<void> {
    const at = await this.#ports.instants.read(nameOf(this.#store))
    this.#history.completeAt ??= at
  }

  #now(): number {
    return this.#ports.now?.() ?? Date.now()
  }
}

/** Another store has a history of its own. */
const nameOf = (store: string): string => `copied.${store}`
