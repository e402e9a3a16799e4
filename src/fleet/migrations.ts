import { sql, type Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const SCHEMA = 'wa_gateway'

const fleet: Migration = {
  async up(db: Kysely<unknown>) {
    const schema = db.schema.withSchema(SCHEMA)
    await schema
      .createTable('workers')
      .addColumn('worker', 'text', (column) => column.primaryKey())
      .addColumn('boot', 'text', (column) => column.notNull())
      .addColumn('version', 'text', (column) => column.notNull())
      .addColumn('host', 'text', (column) => column.notNull())
      .addColumn('started_at', 'timestamptz', (column) => column.notNull())
      .addColumn('seen_at', 'timestamptz', (column) => column.notNull())
      .addColumn('stopped_at', 'timestamptz')
      .addColumn('ready', 'boolean', (column) => column.notNull())
      .addColumn('counts', 'jsonb', (column) => column.notNull())
      .execute()
    await schema
      .createTable('sessions')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('worker', 'text', (column) => column.notNull())
      .addColumn('epoch', 'bigint', (column) => column.notNull())
      .addColumn('user_id', 'text')
      .addColumn('name', 'text')
      .addColumn('phone', 'text')
      .addColumn('desired', 'text', (column) => column.notNull())
      .addColumn('assigned_by', 'text', (column) => column.notNull())
      .addColumn('last_state', 'text', (column) => column.notNull())
      .addColumn('last_cause', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('paired_at', 'bigint')
      .addColumn('last_online_at', 'bigint')
      .addColumn('last_activity_at', 'bigint')
      .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
      .execute()
    await schema
      .createIndex('sessions_by_worker')
      .on('sessions')
      .columns(['worker', 'id'])
      .execute()
  },
}

/** Every migration ever released, by name in order; a released one is never changed. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = { '0001-fleet': fleet }
