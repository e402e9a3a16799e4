import type { Entry } from '../authstate/port.ts'
import type { Obstacle } from '../session/moving-in.ts'
import { checkState } from './check-state.ts'
import { listed } from './read-stably.ts'
import type { Found } from './source.ts'

type Judged =
  | { kind: 'take'; entries: Entry[]; notes: string[] }
  | { kind: 'skip'; why: Obstacle; detail: string; todo: string; notes: string[] }

const STOP_FIRST = 'stop the gateway that uses it first, then run this again'
const FROM_BACKUP =
  'bring a whole copy back from a backup of that gateway, or link the phone anew with `wa-gateway session pair`'
const WITHOUT = `${FROM_BACKUP}; or go on without, as Baileys does, with --despite-damage`
const PAIR = 'pair it here with `wa-gateway session pair`'

/** Whether what was read of a session is a state that can be moved in. */
export function judge(found: Found, despiteDamage: boolean): Judged {
  if (found.kind === 'changed')
    return skip('changing', `${found.what} changed while it was read`, STOP_FIRST)
  if (found.kind === 'unusable') return skip('damaged', found.what, FROM_BACKUP)
  const { unpaired, fatal, faults, warnings } = checkState(found.entries)
  const notes = [...found.notes, ...warnings]
  const wrong = [...found.damaged, ...fatal, ...faults]
  if (fatal.length > 0) return skip('damaged', listed(wrong), FROM_BACKUP, notes)
  if (unpaired) return skip('unpaired', 'no phone was linked to it', PAIR, notes)
  if (wrong.length === 0) return { kind: 'take', entries: found.entries, notes }
  if (!despiteDamage) return skip('damaged', listed(wrong), WITHOUT, notes)
  return { kind: 'take', entries: found.entries, notes: [`despite ${listed(wrong)}`, ...notes] }
}

function skip(why: Obstacle, detail: string, todo: string, notes: string[] = []): Judged {
  return { kind: 'skip', why, detail, todo, notes }
}
