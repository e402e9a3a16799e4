import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import type { Replica, SessionPruned } from '../replica/port.ts'

/** Milliseconds between two rounds, a fifth more or less. */
const ROUND_MS = 3_600_000
/** Rounds until those are looked at, on average, that this worker does not hold. */
const OTHERS = 6
/** A thousand sessions in four minutes. */
const PAUSE_MS = 250

interface Ports {
  auth: Pick<AuthStore, 'list'>
  replica: Pick<Replica, 'holds' | 'prune'>
  logger: Logger
  random?: () => number
}

/**
 * Lets old backups go of sessions that nothing new is stored of, whose old ratchets would stay for
 * ever otherwise, and clears away what crashes left: once an hour those that this worker holds, more
 * seldom whatever else is stored, since any worker does that.
 */
export class RetentionRounds {
  readonly #ports: Ports
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** One round, told in the log; trouble with the store ends it, and the next one begins anew. */
  async round(): Promise<void> {
    const { auth, replica, logger } = this.#ports
    const held = auth.list().flatMap(({ sessionId }) => (replica.holds(sessionId) ? sessionId : []))
    const others = this.#random() * OTHERS < 1
    const sum = { sessions: 0, backups: 0, leftovers: 0, bytes: 0, failed: 0 }
    const { signal } = this.#stopping
    const options = { ...(!others && { sessionIds: held }), pauseMs: PAUSE_MS, signal }
    try {
      await replica.prune(options, (pruned) => this.#count(sum, pruned))
    } catch (error) {
      if (signal.aborted) return
      logger.warn({ err: error }, 'old backups could not be deleted')
    }
    if (sum.backups + sum.leftovers > 0) logger.info(sum, 'old backups were deleted')
  }

  #count(
    sum: { sessions: number; backups: number; leftovers: number; bytes: number; failed: number },
    { sessionId, outcome, dropped, leftovers, bytes, detail }: SessionPruned,
  ): void {
    if (outcome === 'failed') {
      sum.failed++
      this.#ports.logger.warn({ session: sessionId, detail }, 'old backups could not be deleted')
    }
    if (bytes === 0) return
    sum.sessions++
    sum.backups += dropped.length
    sum.leftovers += leftovers
    sum.bytes += bytes
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#wait(ROUND_MS * (0.8 + 0.4 * this.#random()))
      if (!signal.aborted) await this.round()
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#stopping
    await sleep(ms, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  #random(): number {
    return (this.#ports.random ?? Math.random)()
  }
}
