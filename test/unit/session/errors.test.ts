import { expect, test } from 'vitest'
import {
  errorFromJson,
  errorToJson,
  EXIT,
  GatewayError,
  toGatewayError,
} from '../../../src/session/errors.ts'

const full = { code: 'store.unavailable', message: 'no', subject: 'shop', hint: 'wait' } as const

test('an error keeps what it was made with, and its code decides the rest', () => {
  const cause = new Error('why')
  const error = new GatewayError({ ...full, cause })
  expect(error).toMatchObject({ ...full, cause, name: 'GatewayError', exit: EXIT.failed })
  expect(error.retryable).toBe(true)
  const bare = new GatewayError({ code: 'config.invalid', message: 'no' })
  expect(bare).toMatchObject({ subject: undefined, hint: undefined, exit: EXIT.configuration })
  expect(bare.retryable).toBe(false)
  expect('cause' in bare).toBe(false)
})

test('over the socket and back it is the same; what is missing is not made up', () => {
  expect(errorToJson(new GatewayError(full))).toEqual({ ...full, retryable: true })
  expect(errorToJson(errorFromJson(full))).toEqual({ ...full, retryable: true })
  const bare = { code: 'usage', message: 'no' } as const
  expect(errorToJson(new GatewayError(bare))).toEqual({ ...bare, retryable: false })
  expect(errorFromJson({ code: 'from.tomorrow', message: 'no' }).code).toBe('internal')
})

test('whatever is thrown becomes one, with its cause', () => {
  const own = new GatewayError(full)
  expect(toGatewayError(own)).toBe(own)
  const other = new RangeError('far')
  expect(toGatewayError(other)).toMatchObject({ code: 'internal', message: 'far', cause: other })
  expect(toGatewayError('text')).toMatchObject({ message: 'text', cause: 'text' })
})
