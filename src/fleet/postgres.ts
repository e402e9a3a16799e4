import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { Pool } from 'pg'
import { GatewayError } from '../session/errors.ts'
import { toFleetError } from './error.ts'
import { MIGRATIONS, SCHEMA } from './migrations.ts'
import type { FleetConnection } from './port.ts'
import { FleetQueries, type Run } from './queries.ts'

const CONNECT_MS = 5_000
const QUERY_MS = 10_000
/** How long the goodbye to the server may take. */
const CLOSE_MS = 500

interface ConnectOptions {
  url: string
  label: string
  purpose: 'read' | 'write'
  signal?: AbortSignal | undefined
}

/** Connects, looks at the schema, and brings it up where it is to be written. */
export async function connectPostgres(options: ConnectOptions): Promise<FleetConnection> {
  const { url, label, purpose, signal } = options
  const sockets = new Set<Socket>()
  const cut = () => sockets.forEach((socket) => socket.destroy())
  const lost = Promise.withResolvers<void>()
  const pool = new Pool({
    connectionString: url,
    application_name: 'wa-gateway',
    max: 2,
    connectionTimeoutMillis: CONNECT_MS,
    query_timeout: QUERY_MS,
    // A beat later it is used again.
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    allowExitOnIdle: true,
    stream: () => remembered(sockets),
  })
  pool.on('error', () => lost.resolve())
  signal?.addEventListener('abort', cut, { once: true })
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const run: Run = async (query) => {
    try {
      return await query()
    } catch (error) {
      signal?.throwIfAborted()
      throw toFleetError(error, label)
    }
  }
  const close = async () => {
    signal?.removeEventListener('abort', cut)
    // What hangs is cut off: it must keep neither a stop nor the process.
    await Promise.race([pool.end(), sleep(CLOSE_MS, undefined, { ref: false })])
    cut()
  }
  try {
    signal?.throwIfAborted()
    const there = await run(() => prepare(db, label, purpose))
    return new FleetQueries({ db, run, there, lost: lost.promise, close })
  } catch (error) {
    await close()
    throw error
  }
}

function remembered(sockets: Set<Socket>): Socket {
  const socket = new Socket()
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}

/** False: nobody has made the tables yet, and they were not to be made. */
async function prepare(
  db: Kysely<unknown>,
  label: string,
  purpose: ConnectOptions['purpose'],
): Promise<boolean> {
  const applied = await appliedMigrations(db)
  const foreign = applied.filter((name) => !Object.hasOwn(MIGRATIONS, name))
  if (foreign.length > 0) throw newer(label, foreign)
  if (applied.length === Object.keys(MIGRATIONS).length) return true
  if (purpose === 'read') return false
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
  })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
  return true
}

async function appliedMigrations(db: Kysely<unknown>): Promise<string[]> {
  const table = `${SCHEMA}.kysely_migration`
  const found = await sql<{ there: boolean }>`
    select to_regclass(${table}) is not null as there`.execute(db)
  if (found.rows[0]?.there !== true) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)}`.execute(db)
  return rows.map(({ name }) => name)
}

function newer(label: string, foreign: readonly string[]): GatewayError {
  return new GatewayError({
    code: 'fleet.newer',
    subject: label,
    message: `the fleet directory ${label} was changed by a newer wa-gateway (${foreign.join(', ')})`,
    hint: 'update this worker; it runs on without the directory meanwhile',
  })
}
