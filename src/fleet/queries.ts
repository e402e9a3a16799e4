import { sql, type Kysely } from 'kysely'
import type {
  FleetConnection,
  FleetSession,
  FleetWorker,
  Published,
  PublishedSession,
  SessionQuery,
  WorkerReport,
} from './port.ts'

/** Runs a query and throws what went wrong as a GatewayError. */
export type Run = <T>(query: () => Promise<T>) => Promise<T>

interface FleetQueriesOptions {
  db: Kysely<unknown>
  run: Run
  /** False: the tables are not there, and everything is empty. */
  there: boolean
  /** Settles when the server ended the connection. */
  lost: Promise<void>
  close: () => Promise<void>
}

/** Rows of one statement. */
const BATCH = 1_000

/** The directory's queries. */
export class FleetQueries implements FleetConnection {
  readonly #db: Kysely<unknown>
  readonly #options: FleetQueriesOptions

  constructor(options: FleetQueriesOptions) {
    this.#db = options.db
    this.#options = options
  }

  async publish(
    report: WorkerReport,
    sessions: readonly PublishedSession[],
    gone: readonly string[],
  ): Promise<Published> {
    const superseded = !(await this.#beat(report))
    const taken: string[] = []
    for (let from = 0; from < sessions.length; from += BATCH)
      taken.push(...(await this.#put(report.worker, sessions.slice(from, from + BATCH))))
    if (gone.length > 0)
      await this.#options.run(() =>
        sql`
          delete from wa_gateway.sessions
          where id = any(${[...gone]}) and worker = ${report.worker}`.execute(this.#db),
      )
    return { taken, superseded }
  }

  async leave({ worker, boot }: WorkerReport): Promise<void> {
    await this.#options.run(() =>
      sql`
        update wa_gateway.workers
        set stopped_at = clock_timestamp(), seen_at = clock_timestamp(), ready = false
        where worker = ${worker} and boot = ${boot}`.execute(this.#db),
    )
  }

  async workers(): Promise<FleetWorker[]> {
    if (!this.#options.there) return []
    const { rows } = await this.#options.run(() =>
      sql<Nullable<FleetWorker>>`
        select
          worker, boot, version, host, ready, counts,
          ${ms(sql`started_at`)} as "startedAt", ${ms(sql`seen_at`)} as "seenAt",
          ${ms(sql`stopped_at`)} as "stoppedAt",
          greatest(0, ${ms(sql`clock_timestamp() - seen_at`)}) as "silentMs",
          (select count(*)::int from wa_gateway.sessions s where s.worker = w.worker) as listed
        from wa_gateway.workers w
        order by worker collate "C"`.execute(this.#db),
    )
    return rows.map(({ stoppedAt, ...row }) => ({
      ...row,
      ...(stoppedAt !== null && { stoppedAt }),
    }))
  }

  async sessions({
    worker = null,
    session = null,
  }: Nullable<SessionQuery>): Promise<FleetSession[]> {
    if (!this.#options.there) return []
    const { rows } = await this.#options.run(() =>
      sql<FleetSession>`
        select
          id, worker, epoch::float8 as epoch, user_id as "userId", name, phone, desired,
          assigned_by as "assignedBy", last_state as "lastState", last_cause as "lastCause",
          created_at::float8 as "createdAt", paired_at::float8 as "pairedAt",
          last_online_at::float8 as "lastOnlineAt", last_activity_at::float8 as "lastActivityAt",
          ${ms(sql`updated_at`)} as "updatedAt"
        from wa_gateway.sessions
        where (${worker}::text is null or worker = ${worker})
          and (${session}::text is null or id = ${session})
        order by id collate "C"`.execute(this.#db),
    )
    return rows
  }

  onLost(listener: () => void): void {
    void this.#options.lost.then(listener)
  }

  async close(): Promise<void> {
    await this.#options.close()
  }

  /** False: a process of this name that started later has the row. */
  async #beat({
    worker,
    boot,
    version,
    host,
    upMs,
    ready,
    counts,
  }: WorkerReport): Promise<boolean> {
    const { rows } = await this.#options.run(() =>
      sql`
        insert into wa_gateway.workers as w
          (worker, boot, version, host, started_at, seen_at, stopped_at, ready, counts)
        values (
          ${worker}, ${boot}, ${version}, ${host},
          clock_timestamp() - ${upMs} * interval '1 millisecond', clock_timestamp(), null,
          ${ready}, ${JSON.stringify(counts)}::jsonb
        )
        on conflict (worker) do update set
          boot = excluded.boot, version = excluded.version, host = excluded.host,
          started_at =
            case when w.boot = excluded.boot then w.started_at else excluded.started_at end,
          seen_at = excluded.seen_at, stopped_at = null, ready = excluded.ready,
          counts = excluded.counts
        where w.boot = excluded.boot or w.started_at < excluded.started_at
        returning worker`.execute(this.#db),
    )
    return rows.length > 0
  }

  /**
   * One statement. The row of a later owner stays; a worker that does not know its epoch changes only
   * what it listed itself. Returns the ids that were left.
   */
  async #put(worker: string, sessions: readonly PublishedSession[]): Promise<string[]> {
    const { rows } = await this.#options.run(() =>
      sql<{ id: string }>`
        insert into wa_gateway.sessions as s (
          id, worker, epoch, user_id, name, phone, desired, assigned_by, last_state, last_cause,
          created_at, paired_at, last_online_at, last_activity_at, updated_at
        )
        select
          id, ${worker}, epoch, "userId", name, phone, desired, "assignedBy", "lastState",
          "lastCause", "createdAt", "pairedAt", "lastOnlineAt", "lastActivityAt", clock_timestamp()
        from jsonb_to_recordset(${JSON.stringify(sessions, storable)}::jsonb) as row(
          id text, epoch bigint, "userId" text, name text, phone text, desired text,
          "assignedBy" text, "lastState" text, "lastCause" text, "createdAt" bigint,
          "pairedAt" bigint, "lastOnlineAt" bigint, "lastActivityAt" bigint
        )
        order by id
        on conflict (id) do update set
          worker = excluded.worker, epoch = greatest(s.epoch, excluded.epoch),
          user_id = excluded.user_id, name = excluded.name, phone = excluded.phone,
          desired = excluded.desired, assigned_by = excluded.assigned_by,
          last_state = excluded.last_state, last_cause = excluded.last_cause,
          created_at = least(s.created_at, excluded.created_at),
          paired_at = excluded.paired_at, last_online_at = excluded.last_online_at,
          last_activity_at = excluded.last_activity_at, updated_at = excluded.updated_at
        where excluded.epoch > s.epoch
          or (s.worker = excluded.worker and excluded.epoch in (s.epoch, 0))
        returning id`.execute(this.#db),
    )
    const put = new Set(rows.map(({ id }) => id))
    return sessions.map(({ id }) => id).filter((id) => !put.has(id))
  }
}

type Nullable<T> = {
  [K in keyof T]: Exclude<T[K], undefined> | (undefined extends T[K] ? null : never)
}

/** Milliseconds of a time, since the epoch, or of a span. */
const ms = (time: ReturnType<typeof sql>) => sql`round(extract(epoch from ${time}) * 1000)::float8`

/** PostgreSQL's text has no NUL and no half characters; names that people choose may. */
function storable(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value
}
