import type { Kysely } from 'kysely'
import type { Instants } from './port.ts'
import type { Query } from './query.ts'
import type { Tables } from './tables.ts'

const PREFIX = 'at.'

/** Remembered times in the registry's database. */
export class KyselyInstants implements Instants {
  readonly #db: Kysely<Tables>
  readonly #run: Query

  constructor(db: Kysely<Tables>, run: Query) {
    this.#db = db
    this.#run = run
  }

  async read(name: string): Promise<number | undefined> {
    const query = this.#db
      .selectFrom('numbers')
      .select('value')
      .where('name', '=', PREFIX + name)
    return (await this.#run(() => query.executeTakeFirst()))?.value
  }

  async write(name: string, value: number): Promise<void> {
    const query = this.#db.replaceInto('numbers').values({ name: PREFIX + name, value })
    await this.#run(() => query.execute())
  }
}
