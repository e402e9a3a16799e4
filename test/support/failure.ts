import type { GatewayError } from '../../src/session/errors.ts'

/** The error with which a promise rejects; throws where it resolves. */
export async function failure(promise: Promise<unknown>): Promise<GatewayError> {
  try {
    await promise
  } catch (error) {
    return error as GatewayError
  }
  throw new Error('it succeeded')
}
