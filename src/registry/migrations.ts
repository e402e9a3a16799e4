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

const outbox: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('outbox')
      .ifNotExists()
      .addColumn('seq', 'integer', (column) => column.primaryKey())
      .addColumn('lane', 'text', (column) => column.notNull())
      .addColumn('call', 'text', (column) => column.notNull())
      .addColumn('body', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('refused_at', 'bigint')
      .addColumn('error', 'text')
      .execute()
    await db.schema
      .createTable('numbers')
      .ifNotExists()
      .addColumn('name', 'text', (column) => column.primaryKey().notNull())
      .addColumn('value', 'bigint', (column) => column.notNull())
      .execute()
  },
}

const recoveries: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('recovery_runs')
      .ifNotExists()
      .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('trigger', 'text', (column) => column.notNull())
      .addColumn('source', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('total', 'integer', (column) => column.notNull())
      .addColumn('recovered', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('failed', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('skipped', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('warm', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('cold', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('none', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('recovery_results')
      .ifNotExists()
      .addColumn('run', 'integer', (column) => column.notNull())
      .addColumn('session', 'text', (column) => column.notNull())
      .addColumn('result', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('recovery_results_key', ['run', 'session'])
      .execute()
    await db.schema
      .createIndex('recovery_results_by_session')
      .ifNotExists()
      .on('recovery_results')
      .column('session')
      .execute()
  },
}

const verifications: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('verified_sessions')
      .ifNotExists()
      .addColumn('session', 'text', (column) => column.primaryKey().notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .execute()
    await db.schema
      .createTable('verified_backups')
      .ifNotExists()
      .addColumn('session', 'text', (column) => column.notNull())
      .addColumn('backup', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('sound', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('verified_backups_key', ['session', 'backup'])
      .execute()
  },
}

/** Every migration ever released, by name in order; a released one is never changed. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-sessions': sessions,
  '0002-outbox': outbox,
  '0003-recoveries': recoveries,
  '0004-verifications': verifications,
}

/** Grows by one with every migration; a file with a greater one is from a newer program. */
export const SCHEMA_VERSION = Object.keys(MIGRATIONS).length

export const migrations: MigrationProvider = {
  getMigrations: () => Promise.resolve(MIGRATIONS),
}
