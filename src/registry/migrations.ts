import { type Kysely, sql } from 'kysely'
import type { Migration, MigrationProvider } from 'kysely/migration'

const sessions: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('sessions')
      // SQLite's migrations are no transactions: a crash may come before this one is noted.
      .ifNotExists()
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('user_id', 'text')
      .addColumn('name', 'text')
      .addColumn('phone', 'text')
      .addColumn('desired', 'text', (column) =>
        column.notNull().check(sql`desired in ('running', 'paused', 'removed')`),
      )
      .addColumn('assigned_by', 'text', (column) =>
        column.notNull().check(sql`assigned_by in ('backend', 'local')`),
      )
      .addColumn('last_state', 'text', (column) => column.notNull())
      .addColumn('last_cause', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('paired_at', 'bigint')
      .addColumn('last_online_at', 'bigint')
      .addColumn('last_activity_at', 'bigint')
      .execute()
  },
}

/** Every migration ever released, by name in order; a released one is never changed. */
const MIGRATIONS: Record<string, Migration> = { '0001-sessions': sessions }

/** Grows by one with every migration; a file with a greater one is from a newer program. */
export const SCHEMA_VERSION = Object.keys(MIGRATIONS).length

export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}
