import { expect, test } from 'vitest'
import { CAUSES, type CauseId } from '../../../src/session/cause.ts'
import {
  causeOfDisconnect,
  causeOfError,
  type DisconnectEvidence,
} from '../../../src/session/cause-of.ts'
import { EXIT, GatewayError } from '../../../src/session/errors.ts'

const DISCONNECTS: [DisconnectEvidence, CauseId][] = [
  [{ statusCode: 515 }, 'restart-required'],
  [{ statusCode: 401 }, 'logged-out'],
  [{ statusCode: 403 }, 'banned'],
  [{ statusCode: 405 }, 'version-refused'],
  [{ statusCode: 411 }, 'version-refused'],
  [{ statusCode: 408 }, 'connection-lost'],
  [{ statusCode: 428 }, 'connection-closed'],
  [{ statusCode: 440 }, 'replaced'],
  [{ statusCode: 500 }, 'bad-session'],
  [{ statusCode: 503 }, 'unavailable'],
  [{ statusCode: 599 }, 'server-error'],
  [{ statusCode: 418 }, 'connection-closed'],
  [{}, 'unreachable'],
  [{ statusCode: 408, message: 'connect ECONNREFUSED 127.0.0.1:1' }, 'unreachable'],
  [{ statusCode: 408, message: 'QR refs attempts ended', pairing: true }, 'pairing-expired'],
  [{ statusCode: 408, message: 'QR refs attempts ended' }, 'connection-lost'],
  [{ message: 'noise certificate signature invalid' }, 'certificate'],
  [{ statusCode: 500, message: 'invalid signature' }, 'certificate'],
  [{ statusCode: 401, message: 'invalid signature' }, 'logged-out'],
  [{ statusCode: 408, message: 'timed out', pairing: true }, 'connection-lost'],
]

test.each(DISCONNECTS)('a disconnect with %j is %s', (evidence, cause) => {
  expect(causeOfDisconnect(evidence)).toBe(cause)
})

test('what the worker may not heal by itself stops it, and says what a person does', () => {
  for (const id of ['logged-out', 'banned', 'no-state', 'damaged', 'stale'] as const) {
    expect(CAUSES[id].action).toBe('stop')
    expect(CAUSES[id].retryable).toBe(false)
    expect(CAUSES[id].exit).not.toBe(EXIT.ok)
  }
  expect(CAUSES.replaced.action).toBe('ask-owner')
  for (const { words, next } of Object.values(CAUSES)) {
    expect(words).not.toBe('')
    expect(next).not.toBe('')
  }
})

test.each([
  ['store.unavailable', 'store-unavailable'],
  ['store.denied', 'store-refused'],
  ['state.disk', 'disk'],
  ['state.corrupt', 'damaged'],
  ['replica.fenced', 'owned-elsewhere'],
  ['usage', 'internal'],
] as const)('the error %s has the cause %s', (code, cause) => {
  expect(causeOfError(new GatewayError({ code, message: 'm' }))).toBe(cause)
})
