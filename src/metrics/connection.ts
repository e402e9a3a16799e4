import type { CauseId } from '../session/cause.ts'
import type { SessionState } from '../session/state.ts'

/** What a session's step from one state to the next says of its connection. */
export type ConnectionChange =
  | { kind: 'login' }
  | { kind: 'disconnect'; cause: CauseId }
  | { kind: 'none' }

const CONNECTED: ReadonlySet<SessionState> = new Set(['pairing', 'connecting', 'online'])
const CLOSED_HERE: ReadonlySet<SessionState> = new Set(['closing', 'closed'])

export function connectionChange(
  before: SessionState | undefined,
  { state, cause }: { state: SessionState; cause?: CauseId },
): ConnectionChange {
  if (before === state) return { kind: 'none' }
  if (state === 'online') return { kind: 'login' }
  if (before === undefined || !CONNECTED.has(before) || CLOSED_HERE.has(state))
    return { kind: 'none' }
  // A restart that WhatsApp asks for is followed by the next connection at once.
  if (state === 'connecting' || state === 'pairing')
    return { kind: 'disconnect', cause: cause ?? 'restart-required' }
  return { kind: 'disconnect', cause: cause ?? 'internal' }
}
