import PQueue from 'p-queue'
import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import type { Replica } from '../replica/port.ts'
import { toGatewayError } from '../session/errors.ts'

/** Snapshots written at the same time. */
const CONCURRENCY = 4
/** Milliseconds between two looks at what is due; it is no more than a look where nothing is. */
const LOOK_MS = 5_000

interface Ports {
  auth: Pick<AuthStore, 'list'>
  replica: Pick<Replica, 'fold' | 'holds' | 'tidy'>
  logger: Logger
}

/** Keeps what a restore has to replay short: sessions are folded when their tail is long or old. */
export class SnapshotSchedule {
  readonly #ports: Ports
  #intervalMs: number
  readonly #queue = new PQueue({ concurrency: CONCURRENCY })
  readonly #stopping = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(ports: Ports, intervalMs: number) {
    this.#ports = ports
    this.#intervalMs = intervalMs
  }

  /** Milliseconds after which a session that changed gets a new snapshot, from now on. */
  every(intervalMs: number): void {
    this.#intervalMs = intervalMs
    if (this.#timer === undefined) return
    clearInterval(this.#timer)
    this.start()
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), Math.min(LOOK_MS, this.#intervalMs))
    this.#timer.unref()
  }

  /** A snapshot that is being written is given up: the log has what it would hold. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#queue.clear()
    this.#stopping.abort()
    await this.#queue.onIdle()
  }

  look(): void {
    // A round that takes longer than the interval is not overtaken by the next.
    if (this.#queue.size > 0 || this.#queue.pending > 0) return
    const { auth, replica } = this.#ports
    for (const { sessionId, paired } of auth.list())
      if (paired && replica.holds(sessionId)) void this.#queue.add(() => this.#tidy(sessionId))
  }

  /**
   * Stores every session anew, whatever is due: a snapshot and a log that begins after it, so that
   * nothing written before is needed. Resolves when the round is over.
   */
  async renewAll(): Promise<void> {
    const { auth, replica } = this.#ports
    const held = auth.list().filter(({ paired, sessionId }) => paired && replica.holds(sessionId))
    // Not the queue of the rounds: a stop empties that one, and this promise must settle.
    const queue = new PQueue({ concurrency: CONCURRENCY })
    await queue.addAll(
      held.map(
        ({ sessionId }) =>
          () =>
            this.#renew(sessionId),
      ),
    )
  }

  async #renew(sessionId: string): Promise<void> {
    const { signal } = this.#stopping
    if (signal.aborted) return
    try {
      await this.#ports.replica.fold(sessionId, 'interval', signal)
    } catch (error) {
      if (signal.aborted) return
      this.#ports.logger.warn({ err: error, session: sessionId }, 'a snapshot could not be stored')
    }
  }

  async #tidy(sessionId: string): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#ports.replica.tidy(sessionId, { intervalMs: this.#intervalMs, signal })
    } catch (error) {
      if (signal.aborted) return
      // A store that is away is away for all of them: the next round begins again.
      if (toGatewayError(error).code.startsWith('store.')) this.#queue.clear()
      this.#ports.logger.warn({ err: error, session: sessionId }, 'a snapshot could not be stored')
    }
  }
}
