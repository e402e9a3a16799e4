import type { SessionView } from '../../src/session/state.ts'
import { why } from '../../src/words/why.ts'
import { renderTable } from './table.ts'
import { duration } from '../../src/words/time.ts'

/** One line a session, in the order given. `now` in milliseconds since the epoch. */
export function renderSessions(
  sessions: readonly SessionView[],
  now: number,
  columns?: number,
): string {
  if (sessions.length === 0) return 'no sessions: `wa-gateway session pair NAME` makes one\n'
  const rows = sessions.map((view) => [
    view.id,
    state(view),
    duration(now - view.since),
    view.phone ?? '',
    view.name ?? '',
    shipped(view),
    why(view) ?? '',
  ])
  return renderTable(
    ['SESSION', 'STATE', 'FOR', 'PHONE', 'NAME', 'NOT STORED', 'WHY'],
    rows,
    columns,
  )
}

function state({ state: name, provisional, flapping }: SessionView): string {
  const marks = [provisional && 'provisional', flapping && 'flapping'].filter(Boolean)
  return marks.length === 0 ? name : `${name} (${marks.join(', ')})`
}

/** How many changes the object store has not got yet. */
function shipped({ seq, storedSeq }: SessionView): string {
  return seq === undefined || storedSeq === undefined || seq === storedSeq
    ? ''
    : String(seq - storedSeq)
}
