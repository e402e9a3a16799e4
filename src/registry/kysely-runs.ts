import type { Kysely, Selectable } from 'kysely'
import type { RecoveryResult, RecoveryRoute } from '../session/report.ts'
import { runsToDrop } from './keep-runs.ts'
import type { RecoveryRun, RecoveryRuns } from './port.ts'
import type { Query } from './query.ts'
import type { Tables } from './tables.ts'

/** Rows in one statement, so that none holds the event loop for long. */
const CHUNK = 100

/** The recoveries in the registry's database. */
export class KyselyRuns implements RecoveryRuns {
  readonly #db: Kysely<Tables>
  readonly #run: Query

  constructor(db: Kysely<Tables>, run: Query) {
    this.#db = db
    this.#run = run
  }

  async begin(begun: Parameters<RecoveryRuns['begin']>[0]): Promise<number> {
    const { trigger, source = null, startedAt, total } = begun
    const query = this.#db
      .insertInto('recoveryRuns')
      .values({
        trigger,
        source,
        state: 'running',
        startedAt,
        endedAt: null,
        total,
        ...countsOf([]),
      })
      .returning('id')
    return (await this.#run(() => query.executeTakeFirstOrThrow())).id
  }

  async record(run: number, results: readonly RecoveryResult[]): Promise<void> {
    for (let at = 0; at < results.length; at += CHUNK)
      await this.#record(run, results.slice(at, at + CHUNK))
  }

  async end(id: number, at: number): Promise<void> {
    const query = this.#db
      .updateTable('recoveryRuns')
      .set({ state: 'ended', endedAt: at })
      .where('id', '=', id)
    await this.#run(() => query.execute())
  }

  async list({ limit, session }: { limit: number; session?: string }): Promise<RecoveryRun[]> {
    let query = this.#newestFirst().limit(limit)
    if (session !== undefined)
      query = query.where('id', 'in', (db) =>
        db.selectFrom('recoveryResults').select('run').where('session', '=', session),
      )
    return (await this.#run(() => query.execute())).map(toRun)
  }

  async find(id?: number): Promise<{ run: RecoveryRun; results: RecoveryResult[] } | undefined> {
    let query = this.#newestFirst().limit(1)
    if (id !== undefined) query = query.where('id', '=', id)
    const row = await this.#run(() => query.executeTakeFirst())
    if (row === undefined) return undefined
    const results = this.#db
      .selectFrom('recoveryResults')
      .select('result')
      .where('run', '=', row.id)
      .orderBy('session')
    const rows = await this.#run(() => results.execute())
    return {
      run: toRun(row),
      results: rows.map(({ result }) => JSON.parse(result) as RecoveryResult),
    }
  }

  async interrupt(): Promise<void> {
    const query = this.#db
      .updateTable('recoveryRuns')
      .set({ state: 'interrupted' })
      .where('state', '=', 'running')
    await this.#run(() => query.execute())
  }

  async prune(now: number): Promise<void> {
    const rows = await this.#run(() => this.#newestFirst().execute())
    const drop = runsToDrop(rows.map(toRun), now)
    if (drop.length === 0) return
    await this.#run(() =>
      this.#db.transaction().execute(async (db) => {
        await db.deleteFrom('recoveryResults').where('run', 'in', drop).execute()
        await db.deleteFrom('recoveryRuns').where('id', 'in', drop).execute()
      }),
    )
  }

  async #record(run: number, results: readonly RecoveryResult[]): Promise<void> {
    const rows = results.map((result) => ({
      run,
      session: result.sessionId,
      result: JSON.stringify(result),
    }))
    const counts = countsOf(results)
    await this.#run(() =>
      this.#db.transaction().execute(async (db) => {
        await db.replaceInto('recoveryResults').values(rows).execute()
        await db
          .updateTable('recoveryRuns')
          .set((eb) => ({
            recovered: eb('recovered', '+', counts.recovered),
            failed: eb('failed', '+', counts.failed),
            skipped: eb('skipped', '+', counts.skipped),
            warm: eb('warm', '+', counts.warm),
            cold: eb('cold', '+', counts.cold),
            none: eb('none', '+', counts.none),
          }))
          .where('id', '=', run)
          .execute()
      }),
    )
  }

  #newestFirst() {
    return this.#db.selectFrom('recoveryRuns').selectAll().orderBy('id', 'desc')
  }
}

type Counts = Record<RecoveryResult['outcome'] | RecoveryRoute, number>

function countsOf(results: readonly RecoveryResult[]): Counts {
  const counts: Counts = { recovered: 0, failed: 0, skipped: 0, warm: 0, cold: 0, none: 0 }
  for (const { outcome, route } of results) {
    counts[outcome]++
    if (route !== undefined) counts[route]++
  }
  return counts
}

function toRun({ source, endedAt, ...run }: Selectable<Tables['recoveryRuns']>): RecoveryRun {
  return {
    ...run,
    ...(source === null ? {} : { source }),
    ...(endedAt === null ? {} : { endedAt }),
  }
}
