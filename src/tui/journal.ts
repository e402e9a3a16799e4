import type { Event } from '../control/api.ts'
import { cause } from '../session/cause.ts'
import { elapsed } from '../words/time.ts'
import { why } from '../words/why.ts'
import type { Color } from './line.ts'
import { look } from './looks.ts'

/** One thing that happened, or one line of a log. */
export interface Entry {
  /** Unique in its journal; grows. */
  key: string
  at: number
  /** The session it is about; empty for what concerns all. */
  subject: string
  text: string
  color?: Color
}

/** The newest entries of what goes on without an end. */
export class Journal {
  readonly #limit: number
  #entries: Entry[] = []
  #last = 0

  constructor(limit = 1_000) {
    this.#limit = limit
  }

  /** The oldest first. */
  get entries(): readonly Entry[] {
    return this.#entries
  }

  add(entry: Omit<Entry, 'key'>): void {
    this.#entries.push({ ...entry, key: String(++this.#last) })
    // Cut in larger pieces, since what follows is copied each time.
    if (this.#entries.length > this.#limit * 1.25) this.#entries = this.#entries.slice(-this.#limit)
  }
}

/** An event in words; undefined for what other views show better. */
export function entryOf(event: Event<'events'>, now: number): Omit<Entry, 'key'> | undefined {
  if (event.type === 'message') {
    const { at, sessionId: subject, from, text } = event
    return { at, subject, text: `message from ${from}${text === undefined ? ', no text' : ''}` }
  }
  if (event.type === 'session') {
    const { view } = event
    const reason = why(view)
    const { color } = look(view.state)
    return {
      at: view.since,
      subject: view.id,
      text: `${view.state}${reason === undefined ? '' : `: ${reason}`}`,
      ...(color !== undefined && { color }),
    }
  }
  if (event.type === 'finding') {
    const { severity, sessionId: subject = '', what: text } = event.finding
    return { at: now, subject, text, color: severity === 'warning' ? 'yellow' : 'red' }
  }
  if (event.type === 'copy') {
    const { store: subject, outcome, detail } = event.copy
    if (outcome === 'complete') return undefined
    return { at: now, subject, text: `copy ${outcome}: ${detail ?? ''}`, color: 'yellow' }
  }
  return recoveryEntry(event.event, now)
}

function recoveryEntry(event: Event<'recover'>, at: number): Omit<Entry, 'key'> | undefined {
  switch (event.type) {
    case 'begin':
      return { at, subject: '', text: `a recovery of ${event.total} sessions began`, color: 'cyan' }
    case 'retry':
      return {
        at,
        subject: event.sessionId,
        text: `attempt ${event.attempt} failed, again in ${elapsed(event.delayMs)}: ${event.detail}`,
        color: 'yellow',
      }
    case 'paused': {
      const what = event.outage === 'store' ? 'restores' : 'logins'
      const text = `all ${what} wait: ${cause(event.cause).words}`
      return { at, subject: '', text, color: 'yellow' }
    }
    case 'resumed': {
      const what = event.outage === 'store' ? 'restores' : 'logins'
      const text = `${what} go on after ${elapsed(event.pausedMs)}`
      return { at, subject: '', text, color: 'green' }
    }
    case 'settled': {
      const { sessionId: subject, outcome, detail } = event.result
      if (outcome === 'recovered') return undefined
      const text = `${outcome}${detail === undefined ? '' : `: ${detail}`}`
      return { at, subject, text, ...(outcome === 'failed' && { color: 'red' as const }) }
    }
    case 'end': {
      const recovered = event.results.filter(({ outcome }) => outcome === 'recovered').length
      const text = `a recovery ended: ${recovered} of ${event.results.length} recovered`
      return { at, subject: '', text, color: 'cyan' }
    }
    case 'attempt':
    case 'restored':
    case 'probe':
      return undefined
  }
}
