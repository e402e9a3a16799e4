import type { Event } from '../../src/control/api.ts'
import { recoveryProgress } from './recovery.ts'
import { why } from '../../src/words/why.ts'
import { harmless } from '../../src/words/text.ts'
import { instant } from '../../src/words/time.ts'

/** One event for a person; undefined for what says nothing to one. */
export function renderEvent(event: Event<'events'>, now: number): string | undefined {
  const line = (at: number, words: string) => `${instant(at)} ${harmless(words)}\n`
  switch (event.type) {
    case 'message': {
      const text = event.text === undefined ? '(not text)' : event.text
      return line(event.at, `${event.sessionId} message from ${event.from}: ${text}`)
    }
    case 'session': {
      const reason = why(event.view)
      const words = `${event.view.id} is ${event.view.state}`
      return line(event.view.since, reason === undefined ? words : `${words}: ${reason}`)
    }
    case 'recovery': {
      const words = recoveryWords(event.event)
      return words === undefined ? undefined : line(now, `recovery: ${words}`)
    }
    case 'copy': {
      const { store, outcome, detail } = event.copy
      const words = outcome === 'failed' ? 'the copy failed' : `the copy is ${outcome}`
      return line(now, `${store} ${words}${detail === undefined ? '' : `: ${detail}`}`)
    }
    case 'finding': {
      const { severity, sessionId = 'the object store', what } = event.finding
      const word = severity === 'warning' ? 'warning' : 'damage'
      return line(now, `${sessionId} ${word}: ${what}`)
    }
  }
}

function recoveryWords(event: Event<'recover'>): string | undefined {
  if (event.type === 'end') return `ended, ${event.results.length} sessions`
  if (event.type === 'settled')
    return `${event.done}/${event.total} ${event.result.sessionId} ${event.result.outcome}`
  return recoveryProgress(event)
}
