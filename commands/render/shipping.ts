import type { Result } from '../../src/control/api.ts'
import { bytes } from '../../src/words/bytes.ts'
import { duration } from '../../src/words/time.ts'

type Shipping = Result<'status'>['shipping']

const ACKS: Record<Shipping['ack'], string> = {
  local: 'for what is on this disk',
  remote: 'for what is in the object store',
}

/** What WhatsApp is told of, what the store has not got, and what others took or want. */
export function shipping(state: Shipping, now: number): [string, string][] {
  return [
    ['receipts', ACKS[state.ack]],
    ['behind', behind(state)],
    ...state.forfeits.map((one): [string, string] => ['forfeited', forfeited(one, now)]),
    ...state.wanted.map((one): [string, string] => ['wanted', wanted(one, now)]),
  ]
}

/** What the object store has not got yet. */
function behind({ lag, paused }: Shipping): string {
  const { changes, oldestMs, error } = lag
  const waiting =
    changes === 0
      ? 'nothing'
      : `${changes} ${changes === 1 ? 'change' : 'changes'} (${bytes(lag.bytes)}) not stored yet, the oldest for ${duration(oldestMs)}`
  const why = error === undefined ? '' : `; FAILING: ${error}`
  return `${waiting}${why}${paused ? '; PAUSED: nothing is read from WhatsApp until half of it is stored' : ''}`
}

function forfeited({ sessionId, changes, by, at }: Shipping['forfeits'][number], now: number) {
  const whom = by === undefined ? 'another worker' : `worker ${by}`
  const ago = duration(now - at)
  return `${changes} unstored ${changes === 1 ? 'change' : 'changes'} of ${sessionId}, which ${whom} took ${ago} ago`
}

function wanted({ sessionId, worker, at }: Shipping['wanted'][number], now: number): string {
  return `${sessionId}, by worker ${worker} since ${duration(now - at)}`
}
