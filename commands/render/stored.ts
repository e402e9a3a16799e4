import type { Event } from '../../src/control/api.ts'
import { renderTable } from './table.ts'
import { bytes } from '../../src/words/bytes.ts'

type Stored = Extract<Event<'preserve'>, { type: 'end' }>['results']

export function renderStored(results: Stored, columns?: number): string {
  if (results.length === 0) return 'no sessions to store\n'
  const rows = results.map(({ sessionId, stored, backup, detail }) => [
    sessionId,
    stored ? 'stored' : 'NOT STORED',
    backup?.id ?? '',
    backup === undefined ? '' : bytes(backup.size),
    detail ?? '',
  ])
  return renderTable(['SESSION', 'OUTCOME', 'BACKUP', 'SIZE', 'DETAIL'], rows, columns)
}

/** The sessions that are not stored, by name, and what to do about it; empty when all are. */
export function renderNotStored(results: Stored): string {
  const missing = results.filter(({ stored }) => !stored)
  if (missing.length === 0) return ''
  const names = missing.map(({ sessionId }) => sessionId).join(', ')
  const steps = new Set(missing.flatMap(({ next }) => next ?? []))
  return [`${missing.length} of ${results.length} not stored: ${names}`, ...steps].join('\n')
}
