import type { SessionRecord } from '../registry/port.ts'

/** What a worker says of itself with each beat. */
export interface WorkerReport {
  /** Its name. */
  worker: string
  /** Of this process: 32 hex digits. */
  boot: string
  version: string
  host: string
  /** Milliseconds since it started. */
  upMs: number
  ready: boolean
  /** Sessions by state. */
  counts: Readonly<Record<string, number>>
}

/** One session as its worker has it. `epoch` is that of its ownership, 0 where it is not known. */
export interface PublishedSession extends SessionRecord {
  epoch: number
}

/** A worker as the directory has it. Times are milliseconds since the epoch, by the database's clock. */
export interface FleetWorker extends Omit<WorkerReport, 'upMs'> {
  startedAt: number
  seenAt: number
  /** How long ago that was, by the database's clock. */
  silentMs: number
  /** Absent while it has not said goodbye. */
  stoppedAt?: number
  /** How many sessions are listed as its. */
  listed: number
}

/** A session as the directory has it, and who listed it. */
export interface FleetSession extends PublishedSession {
  worker: string
  /** Milliseconds since the epoch, by the database's clock. */
  updatedAt: number
}

/** Which sessions are asked for; all of them where nothing is given. */
export interface SessionQuery {
  worker?: string
  session?: string
}

/** What a publication did. */
export interface Published {
  /** Sessions of which the directory has the row of a later owner: those stay as they are. */
  taken: string[]
  /** Another process of the same name started later: its row stays. */
  superseded: boolean
}

/** An open connection. Its methods throw GatewayErrors of the codes `fleet.*`; after one, close it. */
export interface FleetConnection {
  /** Writes the worker's row and these sessions' rows, and deletes those of `gone` that are its. */
  publish(
    report: WorkerReport,
    sessions: readonly PublishedSession[],
    gone: readonly string[],
  ): Promise<Published>
  /** Says that this process has ended in order. */
  leave(report: WorkerReport): Promise<void>
  /** In order of their names. */
  workers(): Promise<FleetWorker[]>
  /** In order of their ids. */
  sessions(query: SessionQuery): Promise<FleetSession[]>
  /** Called once, when the server ended the connection. */
  onLost(listener: () => void): void
  /** Ends it soon, whatever hangs. */
  close(): Promise<void>
}

/** The database that the workers of a fleet share. */
export interface FleetDirectory {
  /** Where it is, without user and password. */
  readonly label: string
  /**
   * `write` brings the schema up first; `read` changes nothing, and finds nothing where nobody has
   * published yet. Throws `fleet.unreachable`, `fleet.refused`, or `fleet.newer`. Ends soon when
   * `signal` aborts.
   */
  connect(purpose: 'read' | 'write', signal?: AbortSignal): Promise<FleetConnection>
}
