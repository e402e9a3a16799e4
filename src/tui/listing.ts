import type { SessionState, SessionView } from '../session/state.ts'
import type { Entry } from './journal.ts'
import type { Home } from './position.ts'
import { matches, meets, sorted } from './sorting.ts'
import type { Ui } from './ui.ts'
import type { Backup, World } from './world.ts'

/** The rows of a view after filter and order. `subjects`: the session that each row is about. */
export type Listing = {
  keys: readonly string[]
  subjects: readonly string[]
  /** How many there are without the filter. */
  of: number
  home: Home
} & (
  | { kind: 'sessions'; rows: readonly SessionView[] }
  | { kind: 'backups'; rows: readonly Backup[] }
  | { kind: 'entries'; rows: readonly Entry[] }
)

/** States of sessions that are on their way, or did not get there. */
const UNDER_WAY: ReadonlySet<SessionState> = new Set([
  'failed',
  'conflict',
  'banned',
  'needs-pairing',
  'reconnecting',
  'restoring',
  'connecting',
  'queued',
])

export function listingOf(world: World, { view, filter, sort }: Ui): Listing {
  switch (view) {
    case 'sessions':
      return sessions(
        sorted(
          world.fleet.views().filter((one) => meets(filter, one)),
          sort,
        ),
        world.fleet.size,
      )
    case 'recovery': {
      const moving = world.fleet.views().filter(({ state }) => UNDER_WAY.has(state))
      return sessions(
        sorted(
          moving.filter((one) => meets(filter, one)),
          sort,
        ),
        moving.length,
      )
    }
    case 'backups': {
      const all = world.backups.value ?? []
      const rows = all
        .filter(({ sessionId, id, trigger }) => matches(filter, [sessionId, id, trigger]))
        .toSorted((a, b) => b.createdAt - a.createdAt || (a.sessionId < b.sessionId ? -1 : 1))
      const keys = rows.map(({ sessionId, id }) => `${sessionId}/${id}`)
      const subjects = rows.map(({ sessionId }) => sessionId)
      return { kind: 'backups', rows, keys, subjects, of: all.length, home: 'first' }
    }
    case 'events':
      return entries(world.events.entries, filter)
    case 'logs':
      return entries(world.logs.journal.entries, filter)
  }
}

function sessions(rows: readonly SessionView[], of: number): Listing {
  const keys = rows.map(({ id }) => id)
  return { kind: 'sessions', rows, keys, subjects: keys, of, home: 'first' }
}

function entries(all: readonly Entry[], filter: string): Listing {
  const rows =
    filter === '' ? all : all.filter(({ subject, text }) => matches(filter, [subject, text]))
  return {
    kind: 'entries',
    rows,
    keys: rows.map(({ key }) => key),
    subjects: rows.map(({ subject }) => subject),
    of: all.length,
    home: 'last',
  }
}
