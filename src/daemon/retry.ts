import type { Logger } from 'pino'
import type { Doing } from '../session/life.ts'
import type { BaileysService } from '../whatsapp/service.ts'

const ROUND_MS = 2_500

/**
 * Tries sessions again that a recovery gave up on for a cause that time may heal: the store or the
 * network was away, or another worker had them. Every claim goes by the protocol, so a round over
 * a session that somebody else runs changes nothing.
 */
export class RetryRounds {
  readonly #service: BaileysService
  readonly #logger: Logger
  readonly #signal: AbortSignal
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #began = 0

  constructor(service: BaileysService, logger: Logger, signal: AbortSignal) {
    this.#service = service
    this.#logger = logger
    this.#signal = signal
  }

  /** Milliseconds for which the round under way has been; 0 between two rounds. */
  get roundMs(): number {
    return this.#round === undefined ? 0 : performance.now() - this.#began
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#round !== undefined) return
      this.#began = performance.now()
      this.#round = this.#again().finally(() => {
        this.#round = undefined
      })
    }, ROUND_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  async #again(): Promise<void> {
    const { roster } = this.#service
    const now = Date.now()
    const waiting = roster
      .all()
      .filter(({ id, life }) => isDue(life.doing, now) && roster.record(id)?.desired === 'running')
      .map((runner) => runner.id)
    if (waiting.length === 0 || this.#signal.aborted) return
    this.#logger.info(
      { sessions: waiting.length },
      'trying sessions again that could not be recovered',
    )
    const once = { trigger: 'retry', maxRetries: 0, signal: this.#signal } as const
    const results = await this.#service.recover(waiting, once)
    // That the others still don't run is no news.
    const recovered = results.filter(({ outcome }) => outcome === 'recovered')
    if (recovered.length > 0) await this.#service.reportRecoveryStatus(recovered)
  }
}

function isDue(doing: Doing, now: number): boolean {
  return doing.kind === 'resting' && doing.retryAt !== undefined && doing.retryAt <= now
}
