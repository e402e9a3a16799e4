import { GatewayError } from './errors.ts'

/** Session ids become object names and file names, so their alphabet is small. */
const SESSION_ID = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/

export function isSessionId(value: string): boolean {
  return SESSION_ID.test(value) && !value.includes('..')
}

/** Returns the id, or throws `session.bad-id` that says what is allowed. */
export function assertSessionId(value: string): string {
  if (isSessionId(value)) return value
  throw new GatewayError({
    code: 'session.bad-id',
    subject: value.slice(0, 140),
    message: `'${value.slice(0, 140)}' is not a session id`,
    hint: 'use 1 to 128 letters, digits and . _ @ + -, beginning with a letter or digit, without two dots in a row',
  })
}
