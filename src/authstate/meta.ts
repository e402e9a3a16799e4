import type { DatabaseSync } from 'node:sqlite'

import { checksum } from './checksum.ts'
import type { Roster } from './heads.ts'

/** The single values of a state file. */
export interface Meta {
  /** Repeats user_version, which has no checksum of its own. */
  schema: number
  roster: Roster
  /** The last process closed the file in order. */
  clean: boolean
}

export function saveMeta(db: DatabaseSync, values: Partial<Meta>): void {
  const save = db.prepare('INSERT OR REPLACE INTO meta (key, value, sum) VALUES (?, ?, ?)')
  for (const [key, value] of Object.entries(values)) {
    const text = JSON.stringify(value)
    save.run(key, text, checksum(key, text))
  }
}

/** Throws where a value is missing or its checksum does not fit. */
export function loadMeta(db: DatabaseSync): Meta {
  const values: Record<string, unknown> = {}
  for (const row of db.prepare('SELECT key, value, sum FROM meta').all()) {
    const [key, text] = [String(row['key']), String(row['value'])]
    if (row['sum'] !== checksum(key, text)) throw new TypeError('a meta row is damaged')
    values[key] = JSON.parse(text)
  }
  const missing = ['schema', 'roster', 'clean'].filter((key) => !(key in values))
  if (missing.length > 0) throw new TypeError(`meta rows are missing: ${missing.join(', ')}`)
  return values as unknown as Meta
}

/** A boot id (128 random bits in hex) that this file minted. */
export interface Boot {
  boot: string
  /** Milliseconds since the epoch. */
  minted: number
  /** The slot after the last one of its bundles that the object store confirmed. */
  nextSlot: number
}

/** Writes a new boot, or a known one's next slot. A new one is committed before it is used. */
export function saveBoot(db: DatabaseSync, { boot, minted, nextSlot }: Boot): void {
  const sum = checksum(boot, minted, nextSlot)
  db.prepare('INSERT OR REPLACE INTO boots (boot, minted, next_slot, sum) VALUES (?, ?, ?, ?)').run(
    boot,
    minted,
    nextSlot,
    sum,
  )
}

export function loadBoots(db: DatabaseSync): Boot[] {
  return db
    .prepare('SELECT boot, minted, next_slot, sum FROM boots')
    .all()
    .map((row) => {
      const boot = {
        boot: String(row['boot']),
        minted: Number(row['minted']),
        nextSlot: Number(row['next_slot']),
      }
      if (row['sum'] !== checksum(boot.boot, boot.minted, boot.nextSlot))
        throw new TypeError('a boot row is damaged')
      return boot
    })
}

/** Checks the rows of a file whose checksums did not cover the next slot yet, and covers it. */
export function resumBoots(db: DatabaseSync): void {
  for (const row of db.prepare('SELECT boot, minted, sum FROM boots').all()) {
    const [boot, minted] = [String(row['boot']), Number(row['minted'])]
    if (row['sum'] !== checksum(boot, minted)) throw new TypeError('a boot row is damaged')
    saveBoot(db, { boot, minted, nextSlot: 0 })
  }
}
