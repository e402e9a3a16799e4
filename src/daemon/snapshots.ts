import PQueue from 'p-queue'
import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import type { Replica } from '../replica/port.ts'

/** Snapshots written at the same time. */
const CONCURRENCY = 4

/**
 * Stores a snapshot of every session that changed, once an interval. Until the shared log exists,
 * the interval is what a host that is lost for good loses.
 */
export class SnapshotSchedule {
  readonly #ports: { auth: AuthStore; replica: Replica; logger: Logger }
  readonly #intervalMs: number
  readonly #queue = new PQueue({ concurrency: CONCURRENCY })
  #timer: NodeJS.Timeout | undefined

  constructor(ports: { auth: AuthStore; replica: Replica; logger: Logger }, intervalMs: number) {
    this.#ports = ports
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#timer = setInterval(() => this.#round(), this.#intervalMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#queue.clear()
    await this.#queue.onIdle()
  }

  #round(): void {
    // A round that takes longer than the interval is not overtaken by the next.
    if (this.#queue.size > 0 || this.#queue.pending > 0) return
    const { auth, replica } = this.#ports
    for (const { sessionId, seq, storedSeq, paired } of auth.list()) {
      if (paired && seq > storedSeq && replica.holds(sessionId)) {
        void this.#queue.add(() => this.#fold(sessionId))
      }
    }
  }

  async #fold(sessionId: string): Promise<void> {
    try {
      await this.#ports.replica.foldIfNewer(sessionId, 'interval')
    } catch (error) {
      this.#ports.logger.warn({ err: error, session: sessionId }, 'a snapshot could not be stored')
    }
  }
}
