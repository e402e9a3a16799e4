import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CamelCasePlugin, Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { GatewayError } from '../session/errors.ts'
import { nodeSqliteDialect } from './dialect.ts'
import { KyselyInstants } from './kysely-instants.ts'
import { KyselyOutbox } from './kysely-outbox.ts'
import { KyselyRegistry } from './kysely-registry.ts'
import { KyselyRuns } from './kysely-runs.ts'
import { KyselyVerifications } from './kysely-verifications.ts'
import { migrations, SCHEMA_VERSION } from './migrations.ts'
import type { Instants, OutboxStore, RecoveryRuns, Registry, Verifications } from './port.ts'
import type { Query } from './query.ts'
import { asDamage, DamagedFile, isDamage, toRegistryError } from './sqlite-error.ts'
import type { Tables } from './tables.ts'

/** `WAGR` in ASCII: tells our file from any other SQLite database. */
const APPLICATION_ID = 0x57414752

export interface SqliteRegistryOptions {
  /** Absolute; made with mode 0600 when missing. */
  file: string
  /** Milliseconds since the epoch. */
  now?: (() => number) | undefined
  /** Milliseconds to wait for another program (a backup, a shell) that holds the file. */
  busyTimeout?: number | undefined
}

interface Opened {
  /** Closing it closes the others. */
  registry: Registry
  outbox: OutboxStore
  runs: RecoveryRuns
  instants: Instants
  verifications: Verifications
}

export interface OpenedRegistry extends Opened {
  /** For the operator: that a damaged file was set aside, and where it is. */
  warnings: string[]
}

/**
 * Opens the registry. A damaged file is renamed, kept, and a new one begun: the metadata comes back
 * from the backend and the sessions, and no auth state is in it. Whatever else goes wrong is thrown:
 * `state.newer`, `state.disk`, `state.permission`, `state.locked`, or `state.corrupt` for a database
 * that belongs to something else.
 */
export async function openSqliteRegistry(options: SqliteRegistryOptions): Promise<OpenedRegistry> {
  const { file } = options
  const now = options.now ?? Date.now
  try {
    try {
      return { ...(await openOnce(options, now)), warnings: [] }
    } catch (error) {
      if (!isDamage(error)) throw error
      const aside = setAside(file, now())
      const warning = `the registry ${file} was damaged and is now ${aside}; a new one was begun`
      return { ...(await openOnce(options, now)), warnings: [warning] }
    }
  } catch (error) {
    throw toRegistryError(error, file)
  }
}

async function openOnce(
  { file, busyTimeout = 5000 }: SqliteRegistryOptions,
  now: () => number,
): Promise<Opened> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // SQLite gives its -wal and -shm files the mode of the database.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: busyTimeout })
  try {
    const version = check(database, file)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const db = new Kysely<Tables>({
      dialect: nodeSqliteDialect(database),
      plugins: [new CamelCasePlugin()],
    })
    const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest()
    if (error !== undefined) throw error
    if (version !== SCHEMA_VERSION) database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    await probe(db).catch((error: unknown) => {
      throw asDamage(error)
    })
    const run: Query = async (query) => {
      try {
        return await query()
      } catch (error) {
        throw toRegistryError(error, file)
      }
    }
    const opened = {
      registry: new KyselyRegistry({ db, now, run }),
      outbox: new KyselyOutbox(db, run),
      runs: new KyselyRuns(db, run),
      instants: new KyselyInstants(db, run),
      verifications: new KyselyVerifications(db, run),
    }
    chmodSync(file, 0o600)
    return opened
  } catch (error) {
    database.close()
    throw error
  }
}

/** Reads every table once, by the queries that will be made; fails with the database's own error. */
async function probe(db: Kysely<Tables>): Promise<void> {
  const bare: Query = (query) => query()
  await new KyselyRegistry({ db, now: Date.now, run: bare }).list()
  await new KyselyOutbox(db, bare).load()
  await new KyselyRuns(db, bare).find()
  await new KyselyInstants(db, bare).read('')
  await new KyselyVerifications(db, bare).sessions()
}

/** The file's version. Damage anywhere throws; the file is small, so all of it is read. */
function check(database: DatabaseSync, file: string): number {
  const pragma = (name: string) => database.prepare(`PRAGMA ${name}`).get()?.[name]
  const answer = pragma('quick_check')
  if (answer !== 'ok') throw new DamagedFile(`quick_check says: ${String(answer)}`)
  const version = Number(pragma('user_version'))
  const count = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()
  if (count?.['tables'] === 0) database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  else if (pragma('application_id') !== APPLICATION_ID)
    throw new GatewayError({
      code: 'state.corrupt',
      subject: file,
      message: `${file} is a database of something else`,
      hint: 'choose another file for WA_GATEWAY_REGISTRY',
    })
  if (version > SCHEMA_VERSION)
    throw new GatewayError({
      code: 'state.newer',
      subject: file,
      message: `the registry has version ${version}, this program knows ${SCHEMA_VERSION}`,
      hint: 'run the newer wa-gateway that wrote it, or choose another WA_GATEWAY_REGISTRY',
    })
  return version
}

/** Renames the database and its log, never over an earlier one. Returns the new name. */
function setAside(file: string, at: number): string {
  const base = `${file}.damaged-${new Date(at).toISOString().replaceAll(/[:.]/g, '-')}`
  let aside = base
  for (let i = 2; existsSync(aside); i++) aside = `${base}-${i}`
  // The logs first: a crash in between leaves the damaged file to be found again.
  for (const end of ['-wal', '-shm', ''])
    if (existsSync(file + end)) renameSync(file + end, aside + end)
  return aside
}
