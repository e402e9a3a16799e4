import type { MethodHandlers } from '../../src/control/handlers.ts'

const AT = Date.UTC(2025, 5, 1, 12)
const LINES = [
  { type: 'line', at: AT, level: 'info', message: 'wa-gateway starts', fields: { pid: 4242 } },
  {
    type: 'line',
    at: AT + 1_500,
    level: 'warn',
    message: 'the login failed',
    session: 'ben',
    error: 'code 401',
  },
] as const

/** A log of two lines, one of them about a session. */
export const fakeLogs: Pick<MethodHandlers, 'logs'> = {
  logs: async ({ follow, lines = 200, session }, { emit, signal }) => {
    const chosen = LINES.filter((line) => session === undefined || 'session' in line)
    for (const line of chosen.slice(-lines)) emit(line)
    if (follow !== true) return emit({ type: 'end' })
    await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
  },
}
