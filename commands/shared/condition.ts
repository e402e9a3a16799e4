import type { Result } from '../../src/control/api.ts'
import { GatewayError } from '../../src/session/errors.ts'
import { SESSION_STATES, type SessionState } from '../../src/session/state.ts'

/** What `wait --for` waits for. */
export type Condition = { kind: 'ready' } | { kind: 'session'; id: string; state: SessionState }

type Status = Pick<Result<'status'>, 'ready' | 'phase' | 'sessions'>

/** Reads `ready` or `session=anna:online`. Throws `usage`. */
export function parseCondition(word: string): Condition {
  if (word === 'ready') return { kind: 'ready' }
  // A session's id may have colons' neighbours, but no colon.
  const [, id, state = 'online'] = /^session=([^:]+)(?::(.+))?$/.exec(word) ?? []
  const known = SESSION_STATES.find((one) => one === state)
  if (id !== undefined && known !== undefined) return { kind: 'session', id, state: known }
  throw new GatewayError({
    code: 'usage',
    message: `'${word}' is nothing to wait for`,
    hint: `write --for ready or --for session=ID:STATE, with a state of ${SESSION_STATES.join(', ')}`,
  })
}

/** Undefined when it holds; else how it is now. */
export function missing(condition: Condition, status: Status): string | undefined {
  if (condition.kind === 'ready') return status.ready ? undefined : `the worker is ${status.phase}`
  const { id, state } = condition
  const view = status.sessions.find((one) => one.id === id)
  if (view === undefined) return `there is no session ${id}`
  if (view.state === state) return undefined
  return `${id} is ${view.state}${view.cause === undefined ? '' : ` (${view.cause})`}`
}
