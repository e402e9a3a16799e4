import type { Result } from '../../src/control/api.ts'
import { cause } from '../../src/session/cause.ts'
import { outcomeOf } from '../../src/words/tried.ts'
import { why } from '../../src/words/why.ts'
import { renderFields, renderTable } from './table.ts'
import { duration, elapsed, instant } from '../../src/words/time.ts'

type Shown = Result<'session.show'>

/** Everything about one session, or only why it is in its state and what to do. */
export function renderShow(
  shown: Shown,
  now: number,
  part: 'all' | 'why',
  columns?: number,
): string {
  const { session } = shown
  const state = `${session.state} for ${duration(now - session.since)}`
  const reason: Field[] = [
    ['session', session.id],
    ['state', session.flapping ? `${state}, flapping: its connections do not last` : state],
    ['cause', session.cause],
    ['why', why(session)],
    ['retries', ahead(shown, now)],
    ['next', shown.next],
  ]
  if (part === 'all') return renderFields([...reason, ...details(shown)])
  return `${renderFields([...reason, ...evidence(shown)])}${renderTried(shown.tried, now, columns)}`
}

type Field = [string, string | undefined]

/** What the worker itself does next, where the session is not online. */
function ahead({ session, paused }: Shown, now: number): string | undefined {
  const { nextAttemptAt, waitsFor, state } = session
  if (state === 'online') return undefined
  const [pause] = paused
  if (waitsFor === 'store') return 'when its changes are stored'
  if (nextAttemptAt !== undefined) {
    const left = nextAttemptAt - now
    return left > 0 ? `in ${elapsed(left)}` : 'now'
  }
  if (waitsFor !== 'turn') return undefined
  if (pause === undefined) return 'as soon as it is its turn'
  return `when ${pause.outage === 'store' ? 'the object store' : 'WhatsApp'} is back: all wait since ${instant(pause.since)} (${cause(pause.cause).words})`
}

/** The facts that a cause rests on. */
function evidence({ session, record, owner, ownerError }: Shown): Field[] {
  return [
    ['last online', time(record?.lastOnlineAt)],
    ['changes', changes(session)],
    ['owner', ownerError === undefined ? ownerOf(owner) : `not known: ${ownerError}`],
  ]
}

function renderTried(tried: Shown['tried'], now: number, columns?: number): string {
  if (tried.length === 0) return ''
  const rows = tried.map((one) => {
    const outcome = outcomeOf(one)
    return [`${duration(now - one.at)} ago`, one.what, elapsed(one.ms), outcome.word, outcome.why]
  })
  return `\n${renderTable(['TRIED', 'WHAT', 'TOOK', 'OUTCOME', 'WHY'], rows, columns)}`
}

const time = (at: number | null | undefined): string | undefined =>
  at === null || at === undefined ? undefined : instant(at)

function details({ session, record, owner, ownerError, backups }: Shown) {
  const fields: Field[] = [
    ['phone', session.phone],
    ['name', session.name],
    ['user', session.userId],
    ['wanted', record?.desired],
    ['assigned by', record?.assignedBy],
    ['paired', time(record?.pairedAt)],
    ['last online', time(record?.lastOnlineAt)],
    ['last activity', time(session.lastActivity ?? record?.lastActivityAt)],
    ['messages', `${session.messagesIn} in, ${session.messagesOut} out`],
    ['changes', changes(session)],
    ['owner', ownerError === undefined ? ownerOf(owner) : `not known: ${ownerError}`],
    ['backups', ownerError === undefined ? String(backups) : 'not known'],
  ]
  return fields
}

function changes({ seq, storedSeq, epoch }: Shown['session']): string | undefined {
  if (seq === undefined) return undefined
  const stored = storedSeq === undefined ? '' : `, ${storedSeq} stored`
  return `${seq}${stored}${epoch === undefined ? '' : `, epoch ${epoch}`}`
}

function ownerOf(owner: Shown['owner']): string {
  if (owner === null) return 'none: the object store does not know this session'
  const { worker, epoch, released, removed, mine } = owner
  const state = removed ? 'removed' : released ? 'released' : 'holds it'
  return `${worker}${mine ? ' (this one)' : ''}, ${state}, epoch ${epoch}`
}
