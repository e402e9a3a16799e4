import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { NOTHING_SAID, nextNotice, type Said, type Stage } from './next-notice.ts'
import type { Notice, ServiceManager } from './service-manager.ts'
import { statusLine, type Progress } from './status-line.ts'

const LOOK_MS = 1_000
/** A service manager that hangs must not hold up the end of the process. */
const LAST_MS = 2_000

interface Ports {
  manager: ServiceManager
  /** As systemd asked for; undefined where it does not watch. */
  watchdogMs: number | undefined
  progress(): Progress
  /** What only a restart heals; undefined while there is nothing of it. */
  ailment(): Promise<string | undefined>
  logger: Logger
}

/**
 * Tells the service manager how the worker is. That this runs at all shows that the event loop
 * turns. A notice that does not get through costs a line in the log, never more.
 */
export class Notifier {
  readonly #ports: Ports
  #stage: Stage = 'starting'
  #said: Said = NOTHING_SAID
  /** Grows with each session that is put away and each byte that is stored. */
  #moved = 0
  #last: { done: number; unstored: number } | undefined
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #failing = false
  #ill = false
  #closed = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#look()
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  async ready(): Promise<void> {
    this.#stage = 'running'
    await this.#event({ READY: '1' })
  }

  /** Between these two systemd waits for what `work` does. */
  async reloading<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#stage
    if (before !== 'running') return work()
    this.#stage = 'reloading'
    const usec = process.hrtime.bigint() / 1_000n
    await this.#event({ RELOADING: '1', MONOTONIC_USEC: String(usec) })
    try {
      return await work()
    } finally {
      // A stop that began meanwhile is not taken back.
      if ((this.#stage as Stage) === 'reloading') await this.ready()
    }
  }

  async stopping(): Promise<void> {
    this.#stage = 'stopping'
    await this.#event({ STOPPING: '1' })
  }

  /** Says how it ended, where that can be said soon, and leaves nothing open. */
  async close(status = statusLine(this.#ports.progress())): Promise<void> {
    clearInterval(this.#timer)
    const over = new AbortController()
    const late = sleep(LAST_MS, undefined, { signal: over.signal })
    await Promise.race([this.#tell({ STATUS: status }), late])
    over.abort()
    this.#closed = true
    this.#ports.manager.close()
    await this.#looking
  }

  async #event(notice: Notice): Promise<void> {
    const status = statusLine(this.#ports.progress())
    this.#said = { ...this.#said, status, statusAt: performance.now() }
    await this.#tell({ ...notice, STATUS: status })
  }

  #look(): void {
    this.#looking ??= this.#say().finally(() => {
      this.#looking = undefined
    })
  }

  async #say(): Promise<void> {
    const { watchdogMs } = this.#ports
    const progress = this.#ports.progress()
    this.#count(progress)
    const ailment = await this.#ports.ailment()
    this.#mourn(ailment)
    const moment = {
      now: performance.now(),
      stage: this.#stage,
      alive: ailment === undefined,
      status: statusLine(progress),
      moved: this.#moved,
    }
    const due = nextNotice(moment, this.#said, watchdogMs)
    if (due === undefined) return
    if (await this.#tell(due.notice)) this.#said = due.said
  }

  #count({ putAway: { done }, unstored }: Progress): void {
    const last = this.#last ?? { done, unstored }
    this.#moved += Math.max(0, done - last.done) + Math.max(0, last.unstored - unstored)
    this.#last = { done, unstored }
  }

  #mourn(ailment: string | undefined): void {
    if (ailment !== undefined && !this.#ill)
      this.#ports.logger.error({ ailment }, 'systemd gets no sign of life while this lasts')
    this.#ill = ailment !== undefined
  }

  async #tell(notice: Notice): Promise<boolean> {
    const { manager, logger } = this.#ports
    try {
      await manager.tell(notice)
    } catch (error) {
      if (!this.#failing && !this.#closed)
        logger.warn({ err: error }, 'systemd could not be told how the worker is')
      this.#failing = true
      return false
    }
    this.#failing = false
    return true
  }
}
