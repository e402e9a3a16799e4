import type { Logger } from 'pino'
import type { AuthStore } from '../authstate/port.ts'
import type { Doing } from '../session/life.ts'
import { isWhollyStored } from '../whatsapp/recovery-task.ts'
import type { SessionRunner } from '../whatsapp/runner.ts'
import type { BaileysService } from '../whatsapp/service.ts'

const ROUND_MS = 2_500
/** Damage that comes back sooner is left to a person: the disk itself may be failing. */
const HEAL_AGAIN_MS = 24 * 3_600_000

interface Ports {
  service: BaileysService
  auth: Pick<AuthStore, 'find'>
  logger: Logger
}

/**
 * Tries sessions again that a recovery gave up on for a cause that time may heal: the store or the
 * network was away, or another worker had them. Every claim goes by the protocol, so a round over
 * a session that somebody else runs changes nothing. Also brings back, once a day, a session that
 * stopped because a read found its local state damaged, as soon as the store has all of it.
 */
export class RetryRounds {
  readonly #service: BaileysService
  readonly #logger: Logger
  readonly #signal: AbortSignal
  readonly #auth: Pick<AuthStore, 'find'>
  /** When a session was last brought back from damage, in milliseconds since the epoch. */
  readonly #healed = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #began = 0

  constructor({ service, auth, logger }: Ports, signal: AbortSignal) {
    this.#service = service
    this.#auth = auth
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
      .filter((runner) => isDue(runner.life.doing, now) || this.#heals(runner, now))
      .map((runner) => runner.id)
      .filter((id) => roster.record(id)?.desired === 'running')
    if (waiting.length === 0 || this.#signal.aborted) return
    this.#logger.info(
      { sessions: waiting.length },
      'trying sessions again that could not be recovered',
    )
    await tryAgain(this.#service, waiting, this.#signal)
  }

  #heals({ id, damage, life }: SessionRunner, now: number): boolean {
    if (damage === undefined || life.doing.kind !== 'resting') return false
    if (!isWhollyStored(this.#auth.find(id))) return false
    if (now - (this.#healed.get(id) ?? -Infinity) < HEAL_AGAIN_MS) return false
    this.#healed.set(id, now)
    return true
  }
}

/** Tries each once, and tells of those that came online: that the others still don't run is no news. */
export async function tryAgain(
  service: BaileysService,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const results = await service.recover(ids, { trigger: 'retry', maxRetries: 0, signal })
  const recovered = results.filter(({ outcome }) => outcome === 'recovered')
  if (recovered.length > 0) await service.reportRecoveryStatus(recovered)
}

function isDue(doing: Doing, now: number): boolean {
  return doing.kind === 'resting' && doing.retryAt !== undefined && doing.retryAt <= now
}
