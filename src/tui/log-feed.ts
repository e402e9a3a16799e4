import { setTimeout as sleep } from 'node:timers/promises'
import type { Event } from '../control/api.ts'
import type { ControlClient } from '../control/client.ts'
import { toGatewayError } from '../session/errors.ts'
import type { Dashboard } from './dashboard.ts'
import { Journal, type Entry } from './journal.ts'
import type { Color } from './line.ts'

const LINES = 500
const RETRY_MS = 3_000

/**
 * Follows the daemon's log from the first look at it until the signal aborts. After a break the log
 * begins anew, with what the daemon has kept.
 */
export async function followLogs(
  client: ControlClient,
  dashboard: Dashboard,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const journal = new Journal()
    try {
      for await (const event of client.stream('logs', { follow: true, lines: LINES }, signal)) {
        if (event.type === 'end') continue
        journal.add(entryOf(event))
        dashboard.change({ logs: { journal } })
      }
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = toGatewayError(thrown)
      const missing = code === 'usage' ? 'this daemon is too old to show its log' : message
      dashboard.change({ logs: { ...dashboard.world.logs, missing } })
    }
    await sleep(RETRY_MS, undefined, { signal })
  }
}

const COLORS: Record<string, Color> = { warn: 'yellow', error: 'red', fatal: 'red' }

function entryOf(line: Extract<Event<'logs'>, { type: 'line' }>): Omit<Entry, 'key'> {
  const { at, level, message, session = '', error } = line
  const color = COLORS[level]
  return {
    at,
    subject: session,
    text: `${level.padEnd(5)} ${message}${error === undefined ? '' : `: ${error}`}`,
    ...(color !== undefined && { color }),
  }
}
