import type { PublishedSession } from '../fleet/port.ts'
import type { SessionState } from '../session/state.ts'
import type { Roster } from '../whatsapp/roster.ts'

/** The worker's sessions as the directory lists them: what is remembered of each, and its state now. */
export function publishedSessions(
  roster: Pick<Roster, 'all' | 'record' | 'view'>,
): PublishedSession[] {
  return roster.all().flatMap((runner) => {
    const record = roster.record(runner.id)
    if (record === undefined || record.desired === 'removed') return []
    const { state, cause, epoch, phone, name } = roster.view(runner)
    return [
      {
        ...record,
        phone: phone ?? null,
        name: name ?? null,
        lastState: state,
        lastCause: cause ?? null,
        epoch: epoch ?? 0,
      },
    ]
  })
}

/** How many sessions are in each state that any is in. */
export function counted(
  sessions: readonly { state: SessionState }[],
): Partial<Record<SessionState, number>> {
  const counts: Partial<Record<SessionState, number>> = {}
  for (const { state } of sessions) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
