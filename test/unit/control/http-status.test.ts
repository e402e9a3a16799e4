import { expect, test } from 'vitest'
import { httpStatus } from '../../../src/control/http-status.ts'
import { GatewayError, type ErrorCode } from '../../../src/session/errors.ts'

test.each<[ErrorCode, number]>([
  ['usage', 400],
  ['session.bad-id', 400],
  ['store.denied', 403],
  ['session.unknown', 404],
  ['replica.missing', 404],
  ['session.busy', 409],
  ['session.needs-pairing', 409],
  ['replica.stale', 409],
  ['session.timeout', 504],
  ['session.not-online', 503],
  ['store.unavailable', 503],
  ['internal', 500],
])('%s is HTTP %i', (code, status) => {
  expect(httpStatus(new GatewayError({ code, message: 'x' }))).toBe(status)
})
