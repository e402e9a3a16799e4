import type { Logger } from 'pino'
import type { RecoveryEngine, RecoveryEvent, RecoveryTask } from '../recovery/port.ts'
import type { AssignedSource, RecoveryRuns } from '../registry/port.ts'
import type { RecoveryResult, RecoveryTrigger } from '../session/report.ts'

interface Ports {
  engine: RecoveryEngine
  runs: RecoveryRuns
  /** Where the list of assigned sessions came from last. */
  source: () => AssignedSource | undefined
  logger: Logger
}

/** Results that are written together. */
const GROUP = 50
/** What a list of the backend, or of the cache, began. */
const LISTED: ReadonlySet<RecoveryTrigger> = new Set(['start', 'backend-returned', 'assigned'])

/**
 * Records each run of the engine: what began it, how each session ended. A registry that fails costs
 * the record, never the recovery. Runs over no session are no runs.
 */
export class RecordedEngine implements RecoveryEngine {
  readonly #ports: Ports

  constructor(ports: Ports) {
    this.#ports = ports
  }

  async run(
    tasks: RecoveryTask[],
    options: Parameters<RecoveryEngine['run']>[1],
  ): Promise<RecoveryResult[]> {
    const { engine } = this.#ports
    if (tasks.length === 0) return engine.run(tasks, options)
    const record = this.#begin(options.trigger ?? 'operator', tasks.length)
    try {
      return await engine.run(tasks, {
        ...options,
        onEvent: (event) => {
          record.note(event)
          options.onEvent?.(event)
        },
      })
    } finally {
      await record.end()
    }
  }

  #begin(trigger: RecoveryTrigger, total: number): RunRecord {
    const { runs, source, logger } = this.#ports
    const from = LISTED.has(trigger) ? source() : undefined
    return new RunRecord(runs, logger, {
      trigger,
      startedAt: Date.now(),
      total,
      ...(from === undefined ? {} : { source: from }),
    })
  }
}

class RunRecord {
  readonly #runs: RecoveryRuns
  readonly #logger: Logger
  #results: RecoveryResult[] = []
  /** Undefined after a write has failed: the rest is not written either. */
  #id: number | undefined
  #writes: Promise<void>

  constructor(runs: RecoveryRuns, logger: Logger, begun: Parameters<RecoveryRuns['begin']>[0]) {
    this.#runs = runs
    this.#logger = logger
    this.#writes = this.#write(async () => {
      this.#id = await runs.begin(begun)
    })
  }

  note(event: RecoveryEvent): void {
    if (event.type !== 'settled') return
    this.#results.push(event.result)
    if (this.#results.length >= GROUP) this.#flush()
  }

  async end(): Promise<void> {
    this.#flush()
    await this.#writes
    const id = this.#id
    if (id === undefined) return
    const now = Date.now()
    await this.#write(async () => {
      await this.#runs.end(id, now)
      await this.#runs.prune(now)
    })
  }

  #flush(): void {
    const results = this.#results
    this.#results = []
    this.#writes = this.#after(this.#writes, results)
  }

  async #after(before: Promise<void>, results: RecoveryResult[]): Promise<void> {
    await before
    const id = this.#id
    if (id !== undefined) await this.#write(() => this.#runs.record(id, results))
  }

  async #write(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#id = undefined
      this.#logger.error({ err: error }, 'a recovery could not be recorded in the registry')
    }
  }
}
