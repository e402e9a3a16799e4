import { mostSimilar } from '../../src/config/similar.ts'
import type { ControlClient } from '../../src/control/client.ts'
import { GatewayError } from '../../src/session/errors.ts'

/** An unknown session's error with the name that was probably meant; other errors as they are. */
export async function suggestSession(
  error: unknown,
  client: Pick<ControlClient, 'call'>,
  signal: AbortSignal,
): Promise<unknown> {
  if (!(error instanceof GatewayError) || error.code !== 'session.unknown') return error
  const { code, subject = '', message, hint } = error
  try {
    const { sessions } = await client.call('session.list', {}, signal)
    const ids = sessions.map(({ id }) => id)
    const meant = mostSimilar(subject, ids)
    if (meant === undefined) return error
    const suggestion = `did you mean ${meant}?`
    const rest = hint === undefined ? suggestion : `${suggestion} Else ${hint}`
    return new GatewayError({ code, subject, message, hint: rest, cause: error.cause })
  } catch (failure) {
    // The first error says what went wrong; that no name can be suggested does not matter.
    if (failure instanceof GatewayError) return error
    throw failure
  }
}
