import { openFleetDirectory } from './open.ts'
import type { FleetConnection, FleetSession, FleetWorker, SessionQuery } from './port.ts'
import { standingOf, type Standing } from './standing.ts'

interface Workers {
  database: string
  workers: (FleetWorker & { standing: Standing })[]
}

interface Sessions {
  database: string
  /** `unknown`: the worker that lists it is not listed itself. */
  sessions: (FleetSession & { standing: Standing | 'unknown'; silentMs?: number })[]
}

/** Reads the directory, and says how the workers stand. */
export class FleetReader {
  readonly #connection: Pick<FleetConnection, 'workers' | 'sessions'>
  readonly #database: string

  /** `database`: where it is, for whoever reads the answers. */
  constructor(connection: Pick<FleetConnection, 'workers' | 'sessions'>, database: string) {
    this.#connection = connection
    this.#database = database
  }

  async workers(): Promise<Workers> {
    const workers = await this.#connection.workers()
    return {
      database: this.#database,
      workers: workers.map((worker) => ({ ...worker, standing: standingOf(worker) })),
    }
  }

  async sessions(query: SessionQuery): Promise<Sessions> {
    const [workers, sessions] = await Promise.all([
      this.#connection.workers(),
      this.#connection.sessions(query),
    ])
    const byName = new Map(workers.map((worker) => [worker.worker, worker]))
    return {
      database: this.#database,
      sessions: sessions.map((session) => {
        const worker = byName.get(session.worker)
        if (worker === undefined) return { ...session, standing: 'unknown' }
        return { ...session, standing: standingOf(worker), silentMs: worker.silentMs }
      }),
    }
  }
}

/** Reads over a connection of its own, for who has no daemon to ask. Throws as `connect` does. */
export async function readDirectory<T>(
  url: string,
  read: (reader: FleetReader) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const directory = openFleetDirectory(url)
  const connection = await directory.connect('read', signal)
  try {
    return await read(new FleetReader(connection, directory.label))
  } finally {
    await connection.close()
  }
}
