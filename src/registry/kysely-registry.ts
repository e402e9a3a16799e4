import type { Kysely } from 'kysely'
import { CAUSES } from '../session/cause.ts'
import { assertSessionId } from '../session/ids.ts'
import { SESSION_STATES } from '../session/state.ts'
import type { Registry, SessionPatch, SessionRecord } from './port.ts'
import type { Query } from './query.ts'
import type { Tables } from './tables.ts'

/** By name: a later version's columns are none of ours. */
const COLUMNS = [
  'id',
  'userId',
  'name',
  'phone',
  'desired',
  'assignedBy',
  'lastState',
  'lastCause',
  'createdAt',
  'pairedAt',
  'lastOnlineAt',
  'lastActivityAt',
] as const satisfies readonly (keyof SessionRecord)[]

export interface KyselyRegistryOptions {
  /** Taken over: `close` destroys it. */
  db: Kysely<Tables>
  /** Milliseconds since the epoch. */
  now: () => number
  run: Query
}

/** The registry's queries, the same for every SQL database. */
export class KyselyRegistry implements Registry {
  readonly #db: Kysely<Tables>
  readonly #now: () => number
  readonly #run: Query
  #closed = false

  constructor({ db, now, run }: KyselyRegistryOptions) {
    this.#db = db
    this.#now = now
    this.#run = run
  }

  async list(): Promise<SessionRecord[]> {
    const query = this.#db.selectFrom('sessions').select(COLUMNS).orderBy('id')
    const rows = await this.#run(() => query.execute())
    return rows.map(toRecord)
  }

  async find(id: string): Promise<SessionRecord | undefined> {
    const query = this.#db.selectFrom('sessions').select(COLUMNS).where('id', '=', id)
    const row = await this.#run(() => query.executeTakeFirst())
    return row === undefined ? undefined : toRecord(row)
  }

  /** One statement, so that two saves at once lose nothing of each other's patches. */
  async save(id: string, patch: SessionPatch): Promise<SessionRecord> {
    assertSessionId(id)
    const changes = definedOf(patch)
    const query = this.#db
      .insertInto('sessions')
      .values({ ...this.#created(id), ...changes })
      // Setting the id to itself makes an empty patch return the row too.
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ id, ...changes }))
      .returning(COLUMNS)
    return toRecord(await this.#run(() => query.executeTakeFirstOrThrow()))
  }

  async remove(id: string): Promise<void> {
    const query = this.#db.deleteFrom('sessions').where('id', '=', id)
    await this.#run(() => query.execute())
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#db.destroy()
  }

  #created(id: string): SessionRecord {
    return {
      id,
      userId: null,
      name: null,
      phone: null,
      desired: 'running',
      assignedBy: 'local',
      lastState: 'idle',
      lastCause: null,
      createdAt: this.#now(),
      pairedAt: null,
      lastOnlineAt: null,
      lastActivityAt: null,
    }
  }
}

/** The patch without undefined values and without what a caller cannot patch. */
function definedOf(patch: SessionPatch): SessionPatch {
  const entries = Object.entries(patch).filter(
    ([key, value]) => value !== undefined && key !== 'id' && key !== 'createdAt',
  )
  return Object.fromEntries(entries)
}

/** A state or cause that another version wrote and this one does not know becomes a neutral one. */
function toRecord(row: SessionRecord): SessionRecord {
  return {
    ...row,
    lastState: SESSION_STATES.includes(row.lastState) ? row.lastState : 'idle',
    lastCause:
      row.lastCause !== null && Object.hasOwn(CAUSES, row.lastCause) ? row.lastCause : null,
  }
}
