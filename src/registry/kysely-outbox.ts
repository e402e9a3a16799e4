import type { Kysely } from 'kysely'
import type { OutboxChange, OutboxRow, OutboxStore, RefusedRow } from './port.ts'
import type { Query } from './query.ts'
import type { Tables } from './tables.ts'

const COLUMNS = ['seq', 'lane', 'call', 'body', 'at'] as const
const COUNTS = 'outbox.'
/** Refused calls that are kept for a person to look at. */
const KEPT_REFUSED = 100
/** Rows in one statement; a row has seven values, and SQLite takes 32,766. */
const CHUNK = 500

/** The outbox in the registry's database. */
export class KyselyOutbox implements OutboxStore {
  readonly #db: Kysely<Tables>
  readonly #run: Query

  constructor(db: Kysely<Tables>, run: Query) {
    this.#db = db
    this.#run = run
  }

  async load(): ReturnType<OutboxStore['load']> {
    return this.#run(async () => {
      const waiting: OutboxRow[] = await this.#db
        .selectFrom('outbox')
        .select(COLUMNS)
        .where('refusedAt', 'is', null)
        .orderBy('seq')
        .execute()
      const refused = await this.#db
        .selectFrom('outbox')
        .selectAll()
        .where('refusedAt', 'is not', null)
        .orderBy('seq', 'desc')
        .executeTakeFirst()
      const numbers = await this.#db
        .selectFrom('numbers')
        .selectAll()
        .where('name', 'like', `${COUNTS}%`)
        .execute()
      const counts = numbers.map(({ name, value }) => [name.slice(COUNTS.length), value])
      return {
        waiting,
        ...(refused === undefined ? {} : { refused: refused as RefusedRow }),
        counts: Object.fromEntries(counts) as Record<string, number>,
      }
    })
  }

  async write({ put, remove, refuse, counts }: OutboxChange): Promise<void> {
    await this.#run(() =>
      this.#db.transaction().execute(async (db) => {
        for (const seqs of chunks(remove))
          await db.deleteFrom('outbox').where('seq', 'in', seqs).execute()
        const rows = [...put.map((row) => ({ ...row, refusedAt: null, error: null })), ...refuse]
        for (const some of chunks(rows)) await db.replaceInto('outbox').values(some).execute()
        const values = Object.entries(counts).map(([name, value]) => ({
          name: COUNTS + name,
          value,
        }))
        if (values.length > 0) await db.replaceInto('numbers').values(values).execute()
        if (refuse.length > 0) await trimRefused(db)
      }),
    )
  }
}

async function trimRefused(db: Kysely<Tables>): Promise<void> {
  const oldest = await db
    .selectFrom('outbox')
    .select('seq')
    .where('refusedAt', 'is not', null)
    .orderBy('seq', 'desc')
    .offset(KEPT_REFUSED)
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return
  await db
    .deleteFrom('outbox')
    .where('refusedAt', 'is not', null)
    .where('seq', '<=', oldest.seq)
    .execute()
}

function* chunks<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += CHUNK) yield all.slice(at, at + CHUNK)
}
