import { expect, test } from 'vitest'
import {
  backendStatus,
  isActive,
  mayBecome,
  SESSION_STATES,
  type SessionState,
} from '../../../src/session/state.ts'

/** Every state that can be reached from another, in any number of steps. */
function reachable(from: SessionState): Set<SessionState> {
  const seen = new Set<SessionState>()
  const open = [from]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of SESSION_STATES) {
      if (!mayBecome(state, next) || seen.has(next)) continue
      seen.add(next)
      open.push(next)
    }
  }
  return seen
}

test('from every state a session can be closed, and from every one it can come back online', () => {
  for (const state of SESSION_STATES) {
    expect(reachable(state), state).toContain('closed')
    expect(reachable(state), state).toContain('online')
  }
})

test('a session only becomes online from a connection that was being made', () => {
  const before = SESSION_STATES.filter((state) => mayBecome(state, 'online'))
  expect(before).toEqual(['pairing', 'connecting'])
})

test('what was closed does not go on by itself', () => {
  expect(mayBecome('closed', 'connecting')).toBe(false)
  expect(mayBecome('closing', 'connecting')).toBe(false)
  expect(mayBecome('needs-pairing', 'connecting')).toBe(false)
})

test('the backend hears CONNECTED of a session that is online, and of no other', () => {
  const connected = SESSION_STATES.filter((state) => backendStatus(state) === 'CONNECTED')
  expect(connected).toEqual(['online'])
  expect(SESSION_STATES.filter(isActive)).toContain('online')
})
