import type { Event } from '../../src/control/api.ts'

type Verified = Event<'backup.verify'>
type Check = Extract<Verified, { type: 'checked' }>['check']
type Summary = Extract<Verified, { type: 'end' }>['summary']

const SEVERITIES: Record<Check['findings'][number]['severity'], string> = {
  recovery: 'cannot be recovered from the store',
  backup: 'an older backup is damaged',
  spare: 'damaged, but needed by nobody now',
  warning: 'whole, but it does not fit together',
}

/** Everything that is to be said of one part, for a person; empty where all is well with it. */
export function renderCheck(check: Check): string {
  const name = check.kind === 'session' ? check.sessionId : check.name
  const lines = check.findings.flatMap(({ severity, object, what, todo }) => [
    `${name}: ${SEVERITIES[severity]}`,
    `  object: ${object}`,
    `  ${what}`,
    `  try: ${todo}`,
  ])
  if (check.outcome === 'unread') lines.push(`${name}: could not be read: ${check.detail ?? ''}`)
  return lines.map((line) => `${line}\n`).join('')
}

export function renderSummary({ sessions, sound, damaged, unread, ...more }: Summary): string {
  const { findings, warnings, nothing, parts, whole } = more
  const what =
    parts === 0
      ? count(sessions, 'session')
      : `${count(sessions, 'session')} and ${count(parts, 'log or keyring', 'logs and keyrings')}`
  const outcomes = [`${sound} sound`]
  if (nothing > 0) outcomes.push(`${nothing} with nothing stored`)
  if (damaged > 0) outcomes.push(`${damaged} damaged (${count(findings, 'finding')})`)
  if (warnings > 0) outcomes.push(count(warnings, 'warning'))
  if (whole < sessions - nothing - unread) outcomes.push(`${whole} read whole`)
  if (unread > 0) outcomes.push(`${unread} not read`)
  return `${what} verified: ${outcomes.join(', ')}\n`
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}
