import type { Kysely } from 'kysely'
import type { Verifications, VerifiedBackup, VerifiedSession } from './port.ts'
import type { Query } from './query.ts'
import type { Tables } from './tables.ts'

const CURSOR = 'verify.cursor'
/** Rows in one statement: SQLite bounds its parameters. */
const CHUNK = 1_000

/** What verifications found, in the registry's database. */
export class KyselyVerifications implements Verifications {
  readonly #db: Kysely<Tables>
  readonly #run: Query

  constructor(db: Kysely<Tables>, run: Query) {
    this.#db = db
    this.#run = run
  }

  async record(
    { session, at, outcome }: VerifiedSession,
    backups: readonly Pick<VerifiedBackup, 'backup' | 'sound'>[],
  ): Promise<void> {
    const rows = backups.map(({ backup, sound }) => ({ session, backup, at, sound: Number(sound) }))
    await this.#run(() =>
      this.#db.transaction().execute(async (db) => {
        await db.replaceInto('verifiedSessions').values({ session, at, outcome }).execute()
        await db.deleteFrom('verifiedBackups').where('session', '=', session).execute()
        for (let from = 0; from < rows.length; from += CHUNK)
          await db
            .insertInto('verifiedBackups')
            .values(rows.slice(from, from + CHUNK))
            .execute()
      }),
    )
  }

  async sessions(): Promise<VerifiedSession[]> {
    const query = this.#db.selectFrom('verifiedSessions').selectAll().orderBy('at')
    return this.#run(() => query.execute())
  }

  async backups(session?: string): Promise<VerifiedBackup[]> {
    let query = this.#db.selectFrom('verifiedBackups').selectAll()
    if (session !== undefined) query = query.where('session', '=', session)
    const rows = await this.#run(() => query.execute())
    return rows.map(({ sound, ...row }) => ({ ...row, sound: sound !== 0 }))
  }

  async forget(session: string): Promise<void> {
    await this.#run(() =>
      this.#db.transaction().execute(async (db) => {
        await db.deleteFrom('verifiedSessions').where('session', '=', session).execute()
        await db.deleteFrom('verifiedBackups').where('session', '=', session).execute()
      }),
    )
  }

  async cursor(): Promise<number> {
    const query = this.#db.selectFrom('numbers').select('value').where('name', '=', CURSOR)
    return (await this.#run(() => query.executeTakeFirst()))?.value ?? 0
  }

  async moveCursor(to: number): Promise<void> {
    const query = this.#db.replaceInto('numbers').values({ name: CURSOR, value: to })
    await this.#run(() => query.execute())
  }
}
