import type { Event } from '../../src/control/api.ts'
import { harmless } from '../../src/words/text.ts'
import { instant } from '../../src/words/time.ts'

type Line = Extract<Event<'logs'>, { type: 'line' }>

/** One line of the log for a person: when, how grave, what, of which session, and the rest. */
export function renderLogLine({ at, level, message, session, error, fields = {} }: Line): string {
  const reason = error === undefined || message.includes(error) ? '' : `: ${error}`
  const rest = Object.entries({ ...(session !== undefined && { session }), ...fields }).map(
    ([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const grave = level === 'error' || level === 'fatal' || level === 'warn'
  const word = (grave ? level.toUpperCase() : level).padEnd(5)
  return `${instant(at)} ${word} ${harmless(`${message}${reason}${rest.join('')}`)}\n`
}
