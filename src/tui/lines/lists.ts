import type { SessionView } from '../../session/state.ts'
import { bytes } from '../../words/bytes.ts'
import { duration } from '../../words/time.ts'
import { why } from '../../words/why.ts'
import type { Dashboard } from '../dashboard.ts'
import type { Entry } from '../journal.ts'
import type { Line } from '../line.ts'
import { look, STATE_COLUMNS } from '../looks.ts'
import { behind } from '../sorting.ts'
import type { Backup } from '../world.ts'
import { columnsFor, row, titles, type Column } from './table.ts'

export interface ListLines {
  titles: Line
  /** The rows on the screen, and which of them has the cursor. */
  rows: Line[]
  cursor: number
}

/** The cursor and the mark before each row. */
const MARGIN = 2

/** The window of the view's list: no other row costs anything. */
export function listLines(dashboard: Dashboard): ListLines {
  const { listing, layout, ui, now } = dashboard
  const { index, top } = ui.positions[ui.view]
  const room = layout.columns - MARGIN
  const window = <T>(rows: readonly T[]) => rows.slice(top, top + layout.list)
  const cursor = index - top
  const framed = (columns: Column[], lines: Line[], keys: readonly string[]): ListLines => ({
    titles: [' '.repeat(MARGIN), ...titles(columns)],
    rows: lines.map((line, n) => [
      n === cursor ? '>' : ' ',
      ui.marks.has(keys[n] ?? '') ? { text: '*', bold: true } : ' ',
      ...line,
    ]),
    cursor,
  })
  if (listing.kind === 'sessions') {
    const columns = columnsFor(SESSIONS, room)
    const shown = window(listing.rows)
    return framed(
      columns,
      shown.map((view) => row(columns, session(view, now))),
      window(listing.keys),
    )
  }
  if (listing.kind === 'backups') {
    const columns = columnsFor(BACKUPS, room)
    return framed(
      columns,
      window(listing.rows).map((one) => row(columns, backup(one, now))),
      [],
    )
  }
  const columns = columnsFor(ENTRIES, room)
  return framed(
    columns,
    window(listing.rows).map((entry) => row(columns, entryCells(entry))),
    [],
  )
}

const SESSIONS: Column[] = [
  { title: 'SESSION', columns: 22 },
  { title: 'STATE', columns: STATE_COLUMNS },
  { title: 'FOR', columns: 4 },
  { title: 'PHONE', columns: 15, from: 100 },
  { title: 'NAME', columns: 18, from: 130 },
  { title: 'BEHIND', columns: 6, from: 110 },
  { title: 'IN', columns: 7, from: 150 },
  { title: 'OUT', columns: 7, from: 150 },
  { title: 'WHY', columns: 0 },
]

function session(view: SessionView, now: number): Parameters<typeof row>[1] {
  const { glyph, color } = look(view.state)
  const missing = behind(view)
  const marks = [view.flapping && 'flapping', view.provisional && 'provisional'].filter(Boolean)
  const reason = [marks.join(', '), why(view)].filter(Boolean).join(': ')
  return {
    SESSION: view.id,
    STATE: { text: `${glyph} ${view.state}`, ...(color && { color }) },
    FOR: duration(now - view.since),
    PHONE: view.phone ?? '',
    NAME: view.name ?? '',
    BEHIND: missing === 0 ? '' : String(missing),
    IN: String(view.messagesIn),
    OUT: String(view.messagesOut),
    WHY: reason,
  }
}

const BACKUPS: Column[] = [
  { title: 'SESSION', columns: 22 },
  { title: 'BACKUP', columns: 14 },
  { title: 'AGE', columns: 4 },
  { title: 'SIZE', columns: 9 },
  { title: 'KEYS', columns: 6, from: 70 },
  { title: 'WHY', columns: 0 },
]

function backup(one: Backup, now: number): Parameters<typeof row>[1] {
  return {
    SESSION: one.sessionId,
    BACKUP: one.id,
    AGE: duration(now - one.createdAt),
    SIZE: bytes(one.size),
    KEYS: String(one.keys),
    WHY: `${one.trigger}${one.newest ? ', the newest' : ''}`,
  }
}

const ENTRIES: Column[] = [
  { title: 'TIME', columns: 8 },
  { title: 'SESSION', columns: 22 },
  { title: 'WHAT', columns: 0 },
]

function entryCells({ at, subject, text, color }: Entry): Parameters<typeof row>[1] {
  return {
    TIME: clock(at),
    SESSION: subject,
    WHAT: { text, ...(color && { color }) },
  }
}

/** The time of day where the person is. */
function clock(at: number): string {
  return new Date(at).toTimeString().slice(0, 8)
}
