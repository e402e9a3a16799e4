import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { openFleetDirectory } from '../fleet/open.ts'
import type { FleetConnection, FleetDirectory, WorkerReport } from '../fleet/port.ts'
import { FleetPublisher, type FleetView } from '../fleet/publisher.ts'
import { FleetReader } from '../fleet/read.ts'
import type { Replica } from '../replica/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { BaileysService } from '../whatsapp/service.ts'
import type { SessionEvent } from '../whatsapp/ports.ts'
import { counted, publishedSessions } from './fleet-rows.ts'
import { pausedOnce } from './take-back.ts'

interface FleetPorts {
  service: Pick<BaileysService, 'roster'>
  replica: Pick<Replica, 'owner'>
  ready: () => boolean
  /** False: what the directory remembers of a lost disk could not be asked for at the start. */
  remembers: boolean
  worker: string
  /** Of this process. */
  boot: string
  version: string
  startedAt: number
  logger: Logger
}

/** Undefined where no directory is configured. */
export function openFleet({ fleet }: Config): FleetDirectory | undefined {
  return fleet.url === undefined ? undefined : openFleetDirectory(fleet.url.reveal())
}

/** The worker's end of the fleet's directory. Nothing waits for it but who asks for the fleet. */
export class FleetLink {
  readonly #publisher: FleetPublisher
  readonly #label: string
  #superseded = false
  #swept = false
  #recalled: boolean

  constructor(directory: FleetDirectory, ports: FleetPorts) {
    const { logger, service } = ports
    this.#label = directory.label
    this.#recalled = ports.remembers
    const database = directory.label
    this.#publisher = new FleetPublisher(directory, {
      report: () => reportOf(ports),
      sessions: () => publishedSessions(service.roster),
      onOpen: (connection) => this.#recall(connection, ports),
      onConnected: () =>
        logger.info({ database }, 'the fleet directory takes what this worker says'),
      onTrouble: (error) =>
        logger.warn({ err: error }, 'the fleet directory fails; sessions go on without it'),
      onPublished: ({ superseded }) => {
        if (superseded && !this.#superseded)
          logger.error({ database }, 'another process of the same WORKER_ID started later; end one')
        this.#superseded = superseded
        if (!this.#swept && ports.ready()) void this.#sweep(ports)
      },
    })
  }

  /** The last moment to tell what was paused, before it is written that it runs. */
  async #recall(connection: FleetConnection, ports: FleetPorts): Promise<void> {
    if (this.#recalled) return
    const { worker, service, logger } = ports
    const desired = (id: string) => service.roster.record(id)?.desired
    const sessions = await pausedOnce(connection, worker, desired)
    this.#recalled = true
    if (sessions.length === 0) return
    logger.error(
      { sessions },
      'these sessions were paused before the disk was lost and run now: pause them again (`wa-gateway session pause`)',
    )
  }

  /** Sessions that were removed while the directory was away, and that it still lists, go there too. */
  async #sweep({ worker, service, replica, logger }: FleetPorts): Promise<void> {
    const { connection } = this.#publisher
    if (connection === undefined) return
    this.#swept = true
    try {
      const listed = await connection.sessions({ worker })
      const unknown = listed.filter(({ id }) => !service.roster.has(id))
      for (const { id } of unknown)
        if ((await replica.owner(id))?.removed === true) this.#publisher.drop([id])
    } catch (error) {
      this.#swept = false
      logger.debug({ err: error }, 'what was removed meanwhile is looked for again')
    }
  }

  /** A listener for the service's events. */
  readonly listen = (event: SessionEvent): void => {
    if (event.type === 'session' || event.type === 'recovery') this.#publisher.wake()
  }

  start(): void {
    this.#publisher.start()
  }

  /** What the worker says of itself has changed. */
  wake(): void {
    this.#publisher.wake()
  }

  /** Says what is left to say, and goodbye; at most for so many milliseconds. */
  async stop(withinMs: number): Promise<void> {
    await this.#publisher.stop(withinMs)
  }

  view(): FleetView {
    return this.#publisher.view()
  }

  /** The same without what has to be counted. */
  standing(): Pick<FleetView, 'state' | 'since' | 'publishedAt'> {
    return this.#publisher.standing()
  }

  /** Throws why there is nothing to read. */
  reader(): FleetReader {
    const { connection, error } = this.#publisher
    if (connection !== undefined) return new FleetReader(connection, this.#label)
    if (error !== undefined) throw error
    throw new GatewayError({
      code: 'fleet.unreachable',
      subject: this.#label,
      message: `the fleet directory ${this.#label} has not answered yet`,
      hint: 'try again in a moment; see `wa-gateway doctor --only fleet`',
    })
  }
}

/** What a request for the fleet is told where there is none. */
export function noFleet(): GatewayError {
  return new GatewayError({
    code: 'fleet.off',
    subject: 'WA_GATEWAY_FLEET_URL',
    message: 'this worker is in no fleet directory',
    hint: 'set WA_GATEWAY_FLEET_URL on every worker, and restart them',
  })
}

function reportOf({ worker, boot, version, startedAt, ready, service }: FleetPorts): WorkerReport {
  return {
    worker,
    boot,
    version,
    host: hostname(),
    upMs: Math.max(0, Date.now() - startedAt),
    ready: ready(),
    counts: counted(service.roster.all()),
  }
}
