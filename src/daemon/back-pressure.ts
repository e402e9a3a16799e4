import type { Logger } from 'pino'
import type { Replica } from '../replica/port.ts'
import type { BaileysService } from '../whatsapp/service.ts'

const LOOK_MS = 1_000
const REASON = 'backlog'

interface Ports {
  replica: Pick<Replica, 'lag'>
  service: { roster: Pick<BaileysService['roster'], 'all'> }
  logger: Logger
}

/** Whether to read on from WhatsApp: not above the limit, and then not before half of it. */
export function mustPause(paused: boolean, bytes: number, limit: number): boolean {
  return paused ? bytes > limit / 2 : bytes > limit
}

/**
 * Stops reading from WhatsApp while too many changes wait on this disk for the object store. What
 * was not read is not lost: WhatsApp keeps it and sends it again.
 */
export class BackPressure {
  readonly #ports: Ports
  #limitBytes: number
  #timer: NodeJS.Timeout | undefined
  #paused = false

  constructor(ports: Ports, limitBytes: number) {
    this.#ports = ports
    this.#limitBytes = limitBytes
  }

  get paused(): boolean {
    return this.#paused
  }

  /** The limit from the next look on. */
  limit(bytes: number): void {
    this.#limitBytes = bytes
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS)
    this.#timer.unref()
  }

  /** Lets everybody read again: what comes in during the stop is acknowledged or sent again. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#apply(false)
  }

  look(): void {
    const { replica, logger } = this.#ports
    const { bytes } = replica.lag()
    const paused = mustPause(this.#paused, bytes, this.#limitBytes)
    if (paused && !this.#paused)
      logger.error({ bytes }, 'too much waits for the object store: sessions stop reading')
    if (!paused && this.#paused) logger.info({ bytes }, 'the backlog is short again: reading on')
    // Every time: sessions that were added meanwhile have to stop too.
    if (paused || this.#paused) this.#apply(paused)
  }

  #apply(paused: boolean): void {
    this.#paused = paused
    for (const runner of this.#ports.service.roster.all()) {
      if (paused) runner.pauseReading(REASON)
      else runner.resumeReading(REASON)
    }
  }
}
