import type { Logger } from 'pino'
import type { WorkerRegistryService } from '../backend/worker-registry-service.ts'
import type { Registry } from '../registry/port.ts'
import type { Replica } from '../replica/port.ts'
import type { BaileysService } from '../whatsapp/service.ts'
import { decide } from './assignment.ts'
import type { StatusNotices } from './notices.ts'

interface Ports {
  backend: Pick<WorkerRegistryService, 'listed' | 'unlisted'>
  service: BaileysService
  registry: Pick<Registry, 'remove'>
  replica: Pick<Replica, 'wanted' | 'owner'>
  /** This worker's name. */
  worker: string
  notices: Pick<StatusNotices, 'forget'>
  logger: Logger
}

/** Until the first look, and until a second one at a list that misses a session. */
const SOON_MS = 5_000

/**
 * Reads the list of assigned sessions every now and then: new ones are recovered, and those that the
 * backend gave to another worker are handed over.
 */
export class AssignmentWatch {
  readonly #ports: Ports
  #intervalMs: number
  readonly #signal: AbortSignal
  #missed: ReadonlyMap<string, number> = new Map()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> | undefined
  #running = false

  /** `intervalMs` is between two looks, a tenth less or more by chance. */
  constructor(ports: Ports, intervalMs: number, signal: AbortSignal) {
    this.#ports = ports
    this.#intervalMs = intervalMs
    this.#signal = signal
  }

  /** Milliseconds between two looks, from the next one on. */
  every(intervalMs: number): void {
    this.#intervalMs = intervalMs
  }

  start(): void {
    this.#running = true
    this.#lookIn(Math.min(SOON_MS, this.#intervalMs))
  }

  async stop(): Promise<void> {
    this.#running = false
    clearTimeout(this.#timer)
    await this.#round
  }

  /** Looks now, unless it is looking. */
  look(): void {
    if (!this.#running || this.#signal.aborted) return
    clearTimeout(this.#timer)
    this.#round ??= this.#look().finally(() => {
      this.#round = undefined
    })
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#running) return
    this.#timer = setTimeout(() => this.look(), ms * (0.9 + Math.random() / 5))
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    let next = this.#intervalMs
    try {
      if (await this.#act()) next = Math.min(SOON_MS, next)
    } catch (error) {
      if (!this.#signal.aborted)
        this.#ports.logger.error({ err: error }, 'the assigned sessions could not be looked at')
    }
    this.#lookIn(next)
  }

  /** True when a second look should come soon. */
  async #act(): Promise<boolean> {
    const { backend, service, replica } = this.#ports
    const { roster } = service
    await service.getAssignedSessionsFromBackend()
    const { listed } = backend
    if (service.assignedFromCache || listed === undefined) return false
    const { start, resume, handOver, unlisted, missed } = decide({
      listed,
      known: roster.all().map(({ id, state, cause }) => {
        const { desired, assignedBy } = roster.record(id) ?? {}
        return { id, state, desired, assignedBy, taken: cause === 'owned-elsewhere' }
      }),
      missed: this.#missed,
      wanted: new Map(replica.wanted().map(({ sessionId, worker }) => [sessionId, worker])),
    })
    const fresh = [...missed].some(([id, lists]) => lists === 1 && !this.#missed.has(id))
    this.#missed = missed
    this.#tellUnlisted(unlisted)
    for (const { sessionId, worker } of handOver) await this.#handOver(sessionId, worker)
    await this.#recover([...start, ...(await this.#stillOurs(resume))])
    return fresh
  }

  /** The sessions that this worker was the last to own; what the store can't say is left alone. */
  async #stillOurs(ids: readonly string[]): Promise<string[]> {
    const { replica, worker } = this.#ports
    const ours: string[] = []
    for (const id of ids) {
      const owner = await replica.owner(id)
      if (owner?.worker === worker && !owner.removed) ours.push(id)
    }
    return ours
  }

  async #recover(ids: readonly string[]): Promise<void> {
    const { service, logger } = this.#ports
    if (ids.length === 0 || this.#signal.aborted) return
    logger.info({ sessions: ids.length }, 'recovering sessions that the backend assigned')
    const results = await service.recover(ids, { trigger: 'assigned', signal: this.#signal })
    if (!this.#signal.aborted) await service.reportRecoveryStatus(results)
  }

  #tellUnlisted(unlisted: string[]): void {
    const { backend, logger } = this.#ports
    const before = new Set(backend.unlisted)
    const more = unlisted.filter((id) => !before.has(id))
    backend.unlisted = unlisted
    if (more.length > 0)
      logger.warn(
        { sessions: more },
        'the backend does not list sessions that run here; they go on until another worker asks for them',
      )
  }

  /** Closes and releases it without logging out, and forgets it: it is no business of ours. */
  async #handOver(sessionId: string, worker: string | undefined): Promise<void> {
    const { service, registry, notices, logger } = this.#ports
    logger.info({ session: sessionId, worker }, 'the backend gave the session to another worker')
    try {
      await service.handOver(sessionId)
    } catch (error) {
      logger.error({ err: error, session: sessionId }, 'a session could not be handed over yet')
      return
    }
    notices.forget(sessionId)
    service.roster.forget(sessionId)
    await service.roster.flush()
    await registry.remove(sessionId)
  }
}
