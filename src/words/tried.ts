import { cause } from '../session/cause.ts'
import type { Tried } from '../session/history.ts'

/** How something that was tried for a session is told. */
export function outcomeOf(tried: Tried): { word: string; good: boolean; why: string } {
  const { what, outcome, cause: id, detail } = tried
  // That is how a pairing ends well: WhatsApp wants the new device to connect anew.
  if (what === 'pairing' && id === 'restart-required')
    return { word: 'paired', good: true, why: '' }
  const why = detail ?? (id === undefined ? '' : cause(id).words)
  return { word: what === 'online' ? 'lost' : outcome, good: outcome === 'online', why }
}
