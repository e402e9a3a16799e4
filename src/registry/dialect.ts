import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Dialect, SqliteDialect } from 'kysely'

/** Statements kept prepared; the registry has about a dozen, plus one for each shape of a patch. */
const KEPT_STATEMENTS = 100

/** Kysely over node:sqlite, which names its methods a little differently than better-sqlite3. */
export function nodeSqliteDialect(database: DatabaseSync): Dialect {
  const statements = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= KEPT_STATEMENTS) statements.clear()
    const statement = database.prepare(sql)
    statements.set(sql, statement)
    return statement
  }
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(sql) {
        const statement = prepared(sql)
        const bound = (values: readonly unknown[]) => values as SQLInputValue[]
        return {
          reader: statement.columns().length > 0,
          all: (values) => statement.all(...bound(values)),
          run: (values) => statement.run(...bound(values)),
          iterate: (values) => statement.iterate(...bound(values)),
        }
      },
    },
  })
}
