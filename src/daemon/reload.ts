import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Loaded } from '../config/load.ts'
import type { LivePart } from '../config/option.ts'
import { planReload, type ChangedOption, type ReloadPlan } from '../config/reload.ts'
import type { Resolved } from '../config/resolve.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'

export interface ReloadReport {
  /** The configuration file that was read; null where there is none. */
  file: string | null
  applied: ChangedOption[]
  restart: ReloadPlan['restart']
  warnings: string[]
}

/** Takes the settings of these parts from the configuration. */
export type Adjust = (parts: ReadonlySet<LivePart>, config: Config) => void

interface Ports {
  /** What the daemon started with. */
  resolved: Resolved
  /** Reads the configuration anew; throws where it is wrong. */
  load: () => Loaded
  logger: Logger
}

/**
 * Reads the configuration while the daemon runs and hands over what may change. A configuration
 * that is wrong changes nothing.
 */
export class Reloading {
  readonly #ports: Ports
  #running: Resolved
  #adjust: Adjust | undefined
  #around: <T>(work: () => Promise<T>) => Promise<T> = (work) => work()
  #last: Promise<unknown> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
    this.#running = ports.resolved
  }

  /** Who takes the changes; until then there is nothing to change. */
  serve(adjust: Adjust): void {
    this.#adjust = adjust
  }

  /** Every reload runs inside of this. */
  within(around: <T>(work: () => Promise<T>) => Promise<T>): void {
    this.#around = around
  }

  /** One after another, so that the last configuration is the one that counts. */
  run(): Promise<ReloadReport> {
    const done = this.#last.then(() => this.#around(async () => this.#reload()))
    this.#last = done.catch(() => undefined)
    return done
  }

  /** For a signal, whose sender hears nothing. */
  async runLogged(): Promise<void> {
    try {
      await this.run()
    } catch (thrown) {
      this.#ports.logger.error({ err: toGatewayError(thrown) }, 'nothing was reloaded')
    }
  }

  #reload(): ReloadReport {
    const { load, logger } = this.#ports
    if (this.#adjust === undefined)
      throw new GatewayError({
        code: 'daemon.unreachable',
        message: 'the daemon has just started and takes no changes yet',
        hint: 'try again in a moment',
      })
    const { resolved, file = null, warnings } = load()
    const plan = planReload(this.#running, resolved)
    this.#adjust(plan.parts, plan.config)
    this.#running = plan.resolved
    for (const warning of warnings) logger.warn(warning)
    for (const { setting, from, to } of plan.applied)
      logger.info({ setting, from, to }, 'a setting was changed')
    for (const { setting, why } of plan.restart)
      logger.warn({ setting, why }, 'a setting was not changed: it needs a restart')
    return { file, applied: plan.applied, restart: plan.restart, warnings: [...warnings] }
  }
}
