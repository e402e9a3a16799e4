import type { Event } from '../../src/control/api.ts'
import { cause, nextStep } from '../../src/session/cause.ts'
import { summarize, type RecoveryResult } from '../../src/session/report.ts'
import { renderTable } from './table.ts'
import { elapsed } from '../../src/words/time.ts'

/** `WhatsApp is away`, for the other end that everybody waits for. */
export function outageWords(
  outage: Extract<Event<'recover'>, { type: 'paused' }>['outage'],
): string {
  return outage === 'store' ? 'the object store is away' : 'WhatsApp is away'
}

/** What is said of a recovery while it runs; undefined for what says nothing new. */
export function recoveryProgress(event: Event<'recover'>): string | undefined {
  if (event.type === 'begin' && event.total > 1) return `recovering ${event.total} sessions…`
  if (event.type === 'retry')
    return `${event.sessionId}: attempt ${event.attempt} failed, again in ${elapsed(event.delayMs)}: ${event.detail}`
  if (event.type === 'settled' && event.result.outcome !== 'recovered')
    return `${event.done}/${event.total} ${event.result.sessionId} ${event.result.outcome}`
  if (event.type === 'paused')
    return `waiting: ${outageWords(event.outage)} (${cause(event.cause).words}); one session at a time tries whether it is back`
  if (event.type === 'resumed')
    return `going on after ${elapsed(event.pausedMs)}: ${outageWords(event.outage)} no more`
  return undefined
}

export function renderRecovery(results: readonly RecoveryResult[], columns?: number): string {
  if (results.length === 0) return 'no sessions to recover\n'
  const rows = results.map((result) => [
    result.sessionId,
    result.outcome,
    result.route === 'none' ? 'was online' : (result.route ?? ''),
    elapsed(result.durations.total),
    String(result.attempts),
    result.detail ?? (result.cause ? cause(result.cause).words : ''),
  ])
  return renderTable(['SESSION', 'OUTCOME', 'FROM', 'TIME', 'TRIES', 'WHY'], rows, columns)
}

/** The sessions that failed or that others own, by name, each with why and what to do next. */
export function renderFailures(results: readonly RecoveryResult[]): string {
  const { total, failed } = summarize(results)
  const elsewhere = results.filter(
    ({ outcome, cause: id }) => outcome === 'skipped' && id === 'owned-elsewhere',
  )
  const lines: string[] = []
  if (failed > 0)
    lines.push(
      `${failed} of ${total} failed:`,
      ...results.filter(({ outcome }) => outcome === 'failed').flatMap(reason),
    )
  if (elsewhere.length > 0)
    lines.push(
      `${elsewhere.length} of ${total} left to other workers:`,
      ...elsewhere.flatMap(reason),
    )
  return lines.join('\n')
}

function reason({ sessionId, cause: id, detail }: RecoveryResult): string[] {
  const words = detail ?? (id === undefined ? 'see the log' : cause(id).words)
  const next = id === undefined ? undefined : nextStep(id, sessionId)
  return [`  ${sessionId}: ${words}`, ...(next === undefined ? [] : [`    try: ${next}`])]
}
