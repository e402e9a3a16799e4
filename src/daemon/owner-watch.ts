import type { Logger } from 'pino'
import type { SessionRecord } from '../registry/port.ts'
import { isFreed, nextToLookAt, type Holding, type Waiting } from '../session/hand-over.ts'
import type { SessionRunner } from '../whatsapp/runner.ts'

/** One look a turn, at most: ten requests a second, however many sessions wait. */
const TURN_MS = 100
/** What is released meanwhile is tried together. */
const TRY_MS = 1_000

type Runner = Pick<SessionRunner, 'id' | 'cause' | 'life'>

/** What the registry keeps of a session. */
type Kept = Pick<SessionRecord, 'desired' | 'assignedBy'>

interface Ports {
  roster: { all(): readonly Runner[]; record(id: string): Kept | undefined }
  replica: { owner(id: string): Promise<Holding | undefined> }
  /** A store that is away is not asked. */
  storeHealthy: () => boolean
  /** Tries sessions again, and tells of those that came online. */
  tryAgain: (ids: readonly string[]) => Promise<void>
  logger: Logger
  now?: () => number
  random?: () => number
}

interface Seen extends Waiting {
  holding?: Holding | undefined
}

/**
 * Looks at the owner records of sessions that wait for another worker, and tries those again at once
 * that it released or that changed hands: the rests between tries are much longer than a hand-over.
 * Only those that a backend assigned: without one, what the other worker releases is released for its
 * restart, and a worker that lost a session must not be the first to take it.
 */
export class OwnerWatch {
  readonly #ports: Ports
  readonly #seen = new WeakMap<object, Seen>()
  readonly #freed = new Set<string>()
  readonly #tries = new Set<Promise<void>>()
  #looking = false
  #triedAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#timer = setInterval(() => {
      if (this.#looking) return
      this.#looking = true
      void this.turn().finally(() => (this.#looking = false))
    }, TURN_MS)
    this.#timer.unref()
  }

  /** A look under way is left behind: nothing comes of it, and the store may hang. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#freed.clear()
    await Promise.all(this.#tries)
  }

  /** Looks at the record of the one whose turn it is, and tries again what is free by now. */
  async turn(): Promise<void> {
    const { storeHealthy, now = Date.now, random = Math.random } = this.#ports
    if (storeHealthy()) {
      const next = nextToLookAt(this.#waiting(), now(), random())
      if (next !== undefined) await this.#look(next.id, next.seen, now())
    }
    if (this.#freed.size === 0 || now() - this.#triedAt < TRY_MS) return
    this.#triedAt = now()
    this.#try()
  }

  *#waiting(): Iterable<Waiting & { id: string; seen: Seen }> {
    const { roster } = this.#ports
    for (const runner of roster.all()) {
      const { id, cause, life } = runner
      const { doing } = life
      const waits = doing.kind === 'resting' && doing.retryAt !== undefined
      if (!waits || cause !== 'owned-elsewhere' || !isMeantToRun(roster.record(id))) continue
      const seen = this.#seen.get(runner) ?? { lookedAt: -Infinity }
      this.#seen.set(runner, seen)
      yield { id, seen, lookedAt: seen.lookedAt }
    }
  }

  async #look(id: string, seen: Seen, now: number): Promise<void> {
    const { replica, logger } = this.#ports
    seen.lookedAt = now
    try {
      const owner = await replica.owner(id)
      if (isFreed(seen.holding, owner)) this.#freed.add(id)
      seen.holding = owner && { epoch: owner.epoch, released: owner.released }
    } catch (error) {
      logger.debug({ err: error, session: id }, 'its owner record could not be looked at')
    }
  }

  #try(): void {
    const ids = [...this.#freed]
    this.#freed.clear()
    this.#ports.logger.info({ sessions: ids.length }, 'sessions changed hands: trying them again')
    const trying = this.#ports.tryAgain(ids).finally(() => this.#tries.delete(trying))
    this.#tries.add(trying)
  }
}

function isMeantToRun(kept: Kept | undefined): boolean {
  return kept?.desired === 'running' && kept.assignedBy === 'backend'
}
