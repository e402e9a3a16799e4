import type { Result } from '../../src/control/api.ts'
import { why } from './sessions.ts'
import { renderFields } from './table.ts'
import { duration, instant } from './time.ts'

type Shown = Result<'session.show'>

/** Everything about one session, or only why it is in its state and what to do. */
export function renderShow(shown: Shown, now: number, part: 'all' | 'why'): string {
  const { session } = shown
  const reason: [string, string | undefined][] = [
    ['session', session.id],
    ['state', `${session.state} for ${duration(now - session.since)}`],
    ['why', why(session)],
    ['next', shown.next],
  ]
  return renderFields(part === 'why' ? reason : [...reason, ...details(shown)])
}

function details({ session, record, owner, ownerError, backups }: Shown) {
  const time = (at: number | null | undefined) =>
    at === null || at === undefined ? undefined : instant(at)
  const fields: [string, string | undefined][] = [
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
    ['backups', String(backups)],
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
