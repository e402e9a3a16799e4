import type { Dashboard } from '../dashboard.ts'
import { LEAST } from '../layout.ts'
import { fit, type Line, type Segment } from '../line.ts'
import { boardLines } from './board.ts'
import { detailsLines } from './details.ts'
import { confirmLines, pairingLines } from './dialog.ts'
import { bannerLines, footerLine, viewsLine } from './frame.ts'
import { headerLines } from './header.ts'
import { helpLines } from './help.ts'
import { listLines } from './lists.ts'

/** A line as it is drawn; `at`: the cursor is on it. */
export interface Drawn {
  segments: Segment[]
  at: boolean
}

/** The whole screen, as many lines as it has rows. */
export function screenLines(dashboard: Dashboard): Drawn[] {
  const { layout } = dashboard
  const { columns, rows } = layout
  const drawn = (line: Line, at = false): Drawn => ({ segments: fit(line, columns), at })
  if (columns < LEAST.columns || rows < LEAST.rows)
    return [drawn([`wa-gateway needs ${LEAST.columns}x${LEAST.rows}`])]
  const body = bodyLines(dashboard).slice(0, layout.body)
  const blank = Array.from({ length: layout.body - body.length }, () => drawn([]))
  return [
    ...headerLines(dashboard).map((line) => drawn(line)),
    ...bannerLines(dashboard).map((line) => drawn(line)),
    drawn(viewsLine(dashboard)),
    ...body.map(({ line, at }) => drawn(line, at)),
    ...blank,
    drawn(footerLine(dashboard)),
  ]
}

interface BodyLine {
  line: Line
  at?: boolean
}

function bodyLines(dashboard: Dashboard): BodyLine[] {
  const { ui, layout, options } = dashboard
  const { overlay } = ui
  const plain = (lines: Line[]) => lines.map((line) => ({ line }))
  const from = (lines: Line[], top: number) =>
    plain(lines.slice(Math.min(top, Math.max(0, lines.length - layout.body))))
  switch (overlay?.kind) {
    case 'help':
      return from(helpLines(options.readonly), overlay.top)
    case 'details':
      return from(detailsLines(dashboard, overlay.id), overlay.top)
    case 'confirm':
      return plain(confirmLines(dashboard, overlay))
    case 'pairing':
      return plain(pairingLines(dashboard, overlay))
    case undefined:
      return list(dashboard)
  }
}

function list(dashboard: Dashboard): BodyLine[] {
  const { ui } = dashboard
  const board = ui.view === 'recovery' ? boardLines(dashboard) : []
  const { titles, rows, cursor } = listLines(dashboard)
  const missing: Line[] = rows.length === 0 ? [['  ', { text: empty(dashboard), dim: true }]] : []
  return [
    ...board.map((line) => ({ line })),
    { line: titles },
    ...missing.map((line) => ({ line })),
    ...rows.map((line, n) => ({ line, at: n === cursor })),
  ]
}

/** Why a list has no rows. */
function empty({ ui, world, listing }: Dashboard): string {
  if (listing.of > 0) return `nothing fits the filter '${ui.filter}': esc takes it away`
  switch (ui.view) {
    case 'sessions':
      return 'no sessions: `wa-gateway session pair NAME` makes one'
    case 'recovery':
      return 'no session is on its way, and none has failed'
    case 'backups': {
      const { loading, error } = world.backups
      if (loading) return 'reading the object store…'
      return error === undefined ? 'no backups' : error.message
    }
    case 'events':
      return 'nothing has happened since this screen was opened'
    case 'logs':
      return world.logs.missing ?? 'nothing was logged since this screen was opened'
  }
}
