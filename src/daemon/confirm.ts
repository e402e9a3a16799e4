import { GatewayError } from '../session/errors.ts'

/** Throws `usage` where what was typed again is not the session's name. */
export function assertConfirmed(session: string, confirm: string): void {
  if (session === confirm) return
  throw new GatewayError({
    code: 'usage',
    subject: session,
    message: `'${confirm}' does not confirm ${session}`,
    hint: `repeat the session's name: --confirm=${session}`,
  })
}
