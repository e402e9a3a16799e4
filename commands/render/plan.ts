import type { Result } from '../../src/control/api.ts'
import { renderTable } from './table.ts'

type Plan = Result<'recover.plan'>['plans'][number]

const WORDS: Record<Plan['action'], string> = {
  nothing: 'nothing',
  connect: 'connect',
  restore: 'restore, connect',
  create: 'pair',
  wait: 'wait for its owner',
  refuse: 'refuse',
  skip: 'skip',
}

/** What `recover` would do with each session. */
export function renderPlans(plans: readonly Plan[], columns?: number): string {
  if (plans.length === 0) return 'no sessions to recover\n'
  const rows = plans.map(({ sessionId, action, cause, why, notes = [] }) => [
    sessionId,
    WORDS[action],
    cause ?? '',
    [why, ...notes].join('; '),
  ])
  return renderTable(['SESSION', 'WOULD', 'CAUSE', 'WHY'], rows, columns)
}
