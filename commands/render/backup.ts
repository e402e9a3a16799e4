import type { Result } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { duration, instant } from '../../src/words/time.ts'
import { renderFields, renderTable } from './table.ts'

type Shown = Result<'backup.show'>

/** One backup for a person. */
export function renderBackup(shown: Shown, now: number, columns?: number): string {
  const { backup, owner, objects, creds, keys, damage, doubts = [] } = shown
  const fields = renderFields([
    ['backup', `${backup.id}${backup.newest ? ', the newest' : ''}`],
    ['session', backup.sessionId],
    ['name', backup.name],
    ['made', `${instant(backup.createdAt)}, by ${backup.trigger}`],
    ['state', `epoch ${backup.epoch}, change ${backup.seq}, chain ${backup.hash.slice(0, 12)}`],
    ['size', `${bytes(backup.size)}, ${backup.keys} keys`],
    ['verified', verified(backup.verified, now)],
    ['DAMAGED', damage],
    ...doubts.map((doubt): [string, string] => ['warning', doubt]),
    ['account', creds && account(creds)],
    ['going back', goingBack(shown)],
    ['any moment', anyMoment(shown)],
    ['owner', `${owner.worker}${owner.released ? ', released' : ''}, at change ${owner.seq}`],
    ...objects.map(({ name, what }): [string, string] => ['object', `${name}: ${what}`]),
  ])
  if (keys === undefined) return fields
  const rows = keys.map(({ type, count, bytes: size }) => [type, String(count), bytes(size)])
  return `${fields}\n${renderTable(['TYPE', 'VALUES', 'SIZE'], rows, columns)}`
}

function verified(found: Shown['backup']['verified'], now: number): string {
  if (found === undefined) return 'never before'
  return `${duration(now - found.at)} ago, ${found.sound ? 'sound' : 'DAMAGED'}`
}

function account({ linked, phone, name, platform, nextPreKeyId }: NonNullable<Shown['creds']>) {
  const parts = [
    linked ? 'linked' : 'NOT LINKED',
    ...(phone === undefined ? [] : [`number ${phone}`]),
    ...(name === undefined ? [] : [name]),
    ...(platform === undefined ? [] : [platform]),
    ...(nextPreKeyId === undefined ? [] : [`next pre-key ${nextPreKeyId}`]),
  ]
  return parts.join(', ')
}

/** To the millisecond, since moments are exact. */
function anyMoment({ exactSince }: Shown): string {
  if (exactSince === undefined) return 'cannot be restored'
  return `since ${new Date(exactSince).toISOString()} can be restored, with \`backup restore --at\``
}

function goingBack({ undoes: { changes, ms } }: Shown): string {
  if (changes === 0) return 'undoes nothing'
  return `undoes ${changes} ${changes === 1 ? 'change' : 'changes'} of the last ${duration(ms)}`
}
