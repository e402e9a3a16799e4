import type { Result } from '../../src/control/api.ts'
import { GOING_BACK } from '../shared/going-back.ts'
import { harmless } from '../../src/words/text.ts'
import { duration, instant } from '../../src/words/time.ts'

type Plan = Result<'backup.restore.plan'>

/** Where a session goes back to, what that undoes and breaks, and how to get out of it again. */
export function renderRestorePlan(plan: Plan): string {
  const { sessionId, reached, undone, exactSince } = plan
  const lines = [
    `${sessionId} goes back to change ${reached.seq}, made at ${moment(reached.changedAt)}`,
    `  read       ${sourceOf(plan)}`,
    `  undone     ${undoneWords(undone)}`,
    `  kept       ${keptWords(plan)}`,
    ...(exactSince === undefined
      ? []
      : [`  possible   every moment since ${moment(exactSince)} (--at)`]),
    ...breaksOf(plan),
    ...(plan.refused ? [`refused now: ${plan.refused.why}`, `  ${plan.refused.todo}`] : []),
  ]
  return lines.map((line) => `${harmless(line)}\n`).join('')
}

function sourceOf({ base, replayed }: Plan): string {
  const log = `${count(replayed, 'change')} of the log`
  if (base === undefined) return `${log}, from the pairing on`
  const backup = `backup ${base.id}, made at ${instant(base.createdAt)}`
  return replayed === 0 ? backup : `${backup}, and ${log} behind it`
}

function undoneWords({ changes, ms }: Plan['undone']): string {
  return changes === 0 ? 'nothing' : `${count(changes, 'change')} of ${duration(ms)}`
}

function keptWords({ sessionId, keeps }: Plan): string {
  if (keeps.why !== undefined) return `nothing of the present state: ${keeps.why}`
  return `the present state, as a backup: \`wa-gateway backup restore --session ${sessionId} --undo\` brings it back`
}

function breaksOf({ breaks }: Plan): string[] {
  if (breaks === undefined)
    return [
      'with whom cannot be told: this disk has not the present state',
      ...GOING_BACK.split('\n'),
    ]
  if (breaks.length === 0) return ['it breaks nothing that matters']
  return ['what it breaks:', ...breaks.map((words) => `  ${words}`)]
}

/** To the millisecond, since moments are exact. */
function moment(at: number): string {
  return new Date(at).toISOString()
}

function count(number: number, one: string): string {
  return `${number} ${number === 1 ? one : `${one}s`}`
}
