import type { Event } from '../../src/control/api.ts'
import { bytes as inBytes } from '../../src/words/bytes.ts'
import { instant } from '../../src/words/time.ts'

type Copied = Extract<Event<'backup.copy'>, { type: 'session' }>
type Summary = Extract<Event<'backup.copy'>, { type: 'end' }>['summary']

/** What is to be said of one session; undefined where all went well. */
export function renderCopied(
  { sessionId, outcome, detail }: Copied,
  direction: 'to' | 'from',
): string | undefined {
  switch (outcome) {
    case 'copied':
    case 'same':
      return undefined
    case 'nothing':
      return `${sessionId}: nothing of it is stored`
    case 'newer':
      return `${sessionId}: left alone: ${detail ?? 'what is there is newer'}`
    case 'used':
      return direction === 'from'
        ? `${sessionId}: left alone: a worker goes on with it here`
        : `${sessionId}: NOT COPIED: ${detail ?? 'a worker took it up there since it was copied'}`
    case 'failed':
      return `${sessionId}: FAILED: ${detail ?? ''}`
  }
}

export function renderCopySummary(summary: Summary): string {
  const { sessions, copied, same, newer, used, failed, objects, bytes, pruned, at } = summary
  const parts = [`${copied} copied`, `${same} unchanged`]
  if (newer + used > 0) parts.push(`${newer + used} left as they are there`)
  if (failed > 0) parts.push(`${failed} failed`)
  const deleted = pruned > 0 ? `, ${count(pruned, 'object')} deleted` : ''
  return (
    `${count(sessions, 'session')}: ${parts.join(', ')}\n` +
    `${count(objects, 'object')} of ${inBytes(bytes)} sent${deleted}; the copy has what was stored by ${instant(at)}\n`
  )
}

function count(number: number, one: string): string {
  return `${number} ${number === 1 ? one : `${one}s`}`
}
