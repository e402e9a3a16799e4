import type { Event } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { instant } from '../../src/words/time.ts'
import { renderTable } from './table.ts'

type PruneEvent = Event<'backup.prune'>
type Pruned = Extract<PruneEvent, { type: 'pruned' }>['pruned']
type Summary = Extract<PruneEvent, { type: 'end' }>['summary']

/** Every backup of the session with what becomes of it and why. */
export function renderBackups(pruned: Pruned, dryRun: boolean, columns?: number): string {
  const { sessionId, kept, dropped, leftovers, detail } = pruned
  const row = (what: string) => (backup: Pruned['kept'][number]) =>
    [
      what,
      backup.id,
      backup.name ?? '',
      instant(backup.createdAt),
      bytes(backup.size),
      backup.reasons.join(', '),
    ] as const
  const rows = [...kept.map(row('keep')), ...dropped.map(row(dryRun ? 'would go' : 'deleted'))]
  const heading = ['', 'BACKUP', 'NAME', 'MADE', 'SIZE', 'WHY']
  const lines = rows.length === 0 ? ['no backups\n'] : [renderTable(heading, rows, columns)]
  if (leftovers > 0) lines.push(`and ${count(leftovers, 'stored snapshot')} that no record names\n`)
  if (detail !== undefined) lines.push(`${pruned.outcome}: ${detail}\n`)
  return `${sessionId}\n${lines.join('')}`
}

/** One session in a line; empty where there is nothing to say. */
export function renderPruned(pruned: Pruned): string {
  const { sessionId, outcome, kept, detail } = pruned
  if (outcome === 'skipped' || outcome === 'failed')
    return `${sessionId}: ${outcome}: ${detail ?? ''}\n`
  if (outcome === 'nothing') return ''
  return `${sessionId}: ${whatWent(pruned.dropped.length, pruned)}, ${kept.length} kept\n`
}

export function renderPruneSummary(summary: Summary): string {
  const { sessions, backups, skipped, failed, dryRun } = summary
  const rest = [skipped > 0 && `${skipped} skipped`, failed > 0 && `${failed} failed`]
  const others = rest.flatMap((words) => (words === false ? [] : `; ${words}`)).join('')
  const verb = dryRun ? ' would go' : ' deleted'
  return `${count(sessions, 'session')}: ${whatWent(backups, summary, verb)}${others}\n`
}

function whatWent(
  backups: number,
  { leftovers, bytes: freed }: { leftovers: number; bytes: number },
  verb = '',
): string {
  const also = leftovers > 0 ? ` and ${count(leftovers, 'leftover')}` : ''
  return `${count(backups, 'backup')}${also}${verb}, ${bytes(freed)}`
}

function count(number: number, one: string): string {
  return `${number} ${number === 1 ? one : `${one}s`}`
}
