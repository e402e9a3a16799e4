import type { MethodHandlers } from '../../src/control/handlers.ts'
import { GatewayError } from '../../src/session/errors.ts'

const AT = Date.UTC(2025, 5, 1, 12)

/** One recovery that ended and one that the end of its worker interrupted. */
export const fakeRecoveries: Pick<MethodHandlers, 'recoveries.list' | 'recoveries.show'> = {
  'recoveries.list': async ({ limit = 20 }) => ({ runs: RUNS.slice(0, limit) }),
  'recoveries.show': async ({ run: id }) => {
    const run = id === 'latest' ? RUNS[0] : RUNS.find((one) => one.id === id)
    if (run === undefined)
      throw new GatewayError({ code: 'recovery.unknown', message: `there is no recovery ${id}` })
    return { run, results: [RESULT] }
  },
}

const RESULT = {
  sessionId: 'anna',
  outcome: 'recovered' as const,
  route: 'cold' as const,
  attempts: 2,
  durations: { restore: 120, connect: 900, total: 1_020 },
  recoveredAt: AT,
}

const COUNTS = { total: 1, recovered: 0, failed: 0, skipped: 0, warm: 0, cold: 0, none: 0 }
const RUNS = [
  {
    ...COUNTS,
    id: 2,
    trigger: 'start' as const,
    source: 'cache' as const,
    state: 'ended' as const,
    startedAt: AT,
    endedAt: AT + 1_500,
    recovered: 1,
    cold: 1,
  },
  {
    ...COUNTS,
    id: 1,
    trigger: 'operator' as const,
    state: 'interrupted' as const,
    startedAt: AT - 60_000,
  },
]
