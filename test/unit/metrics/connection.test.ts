import { expect, test } from 'vitest'
import { connectionChange } from '../../../src/metrics/connection.ts'
import type { CauseId } from '../../../src/session/cause.ts'
import type { SessionState } from '../../../src/session/state.ts'

const ROWS: [SessionState | undefined, SessionState, CauseId | undefined, string][] = [
  [undefined, 'queued', undefined, 'none'],
  ['queued', 'restoring', undefined, 'none'],
  ['restoring', 'failed', 'store-unavailable', 'none'],
  ['restoring', 'connecting', undefined, 'none'],
  ['connecting', 'online', undefined, 'login'],
  ['online', 'online', 'stalled', 'none'],
  ['online', 'reconnecting', 'connection-lost', 'connection-lost'],
  ['reconnecting', 'connecting', undefined, 'none'],
  ['connecting', 'reconnecting', 'unreachable', 'unreachable'],
  ['reconnecting', 'reconnecting', 'stalled', 'none'],
  ['online', 'connecting', undefined, 'restart-required'],
  ['pairing', 'connecting', undefined, 'restart-required'],
  ['online', 'needs-pairing', 'logged-out', 'logged-out'],
  ['online', 'closing', undefined, 'none'],
  ['closing', 'closed', undefined, 'none'],
  ['reconnecting', 'online', undefined, 'login'],
]

test.each(ROWS)('%s to %s (%s): %s', (before, state, cause, expected) => {
  const change = connectionChange(before, { state, ...(cause && { cause }) })
  expect(change.kind === 'disconnect' ? change.cause : change.kind).toBe(expected)
})
