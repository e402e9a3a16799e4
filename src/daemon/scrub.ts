import type { Logger } from 'pino'
import type { AuthHandle } from '../authstate/port.ts'

/** One session a turn: a thousand in four minutes, at some hundredth of a processor. */
const TURN_MS = 250
/** A session that stays open is looked at again. */
const AGAIN_MS = 24 * 3_600_000

interface Ports {
  roster: { all(): { handle: Pick<AuthHandle, 'sessionId' | 'verify'> | undefined }[] }
  /** Nothing is looked at during a mass start. */
  quiet: () => boolean
  logger: Logger
  now?: () => number
}

/**
 * Reads every value of every open session now and then, so that rot on the local disk is found while
 * the object store has the same state, and not when the value is needed. What it finds, the handle
 * tells its session, which stops.
 */
export class Scrub {
  readonly #ports: Ports
  readonly #seen = new WeakMap<object, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), TURN_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  /** Checks the one whose turn it is, if there is one. */
  look(): void {
    const { roster, quiet, logger, now = Date.now } = this.#ports
    if (!quiet()) return
    const handles = roster.all().flatMap(({ handle }) => handle ?? [])
    const due = handles.find((handle) => now() - (this.#seen.get(handle) ?? -Infinity) >= AGAIN_MS)
    if (due === undefined) return
    this.#seen.set(due, now())
    try {
      due.verify()
    } catch (error) {
      logger.error({ err: error, session: due.sessionId }, 'the local state is damaged')
    }
  }
}
