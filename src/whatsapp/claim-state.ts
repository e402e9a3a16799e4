import type { Replica } from '../replica/port.ts'
import type { AuthStore } from '../authstate/port.ts'
import type { RecoveryRoute } from '../session/report.ts'
import { causeOfError, type CauseId } from '../session/cause.ts'
import { toGatewayError } from '../session/errors.ts'

export interface SessionToRestore {
  sessionId: string
  /** This worker was given the session (by the backend, the registry or the configuration). */
  assigned: boolean
  takeOver?: boolean
  /** Open local state although the store is away (ClaimRequest.provisional). */
  provisional?: boolean
}

export type Restored =
  | { kind: 'ready'; route: RecoveryRoute; provisional: boolean; detail?: string }
  | { kind: 'refused'; cause: CauseId; detail: string }

/**
 * Makes sure that the local state is one from which a socket may be opened, and that it is ours to
 * use. A session that this process still holds costs one look at its owner record.
 */
export async function claimState(
  ports: { auth: AuthStore; replica: Replica },
  session: SessionToRestore,
  signal: AbortSignal,
): Promise<Restored> {
  const { sessionId, assigned, takeOver = false, provisional = false } = session
  try {
    const outcome = await ports.replica.claim({
      sessionId,
      assigned,
      takeOver,
      provisional,
      signal,
    })
    if (outcome.kind === 'refused') return outcome
    if (ports.auth.find(sessionId)?.paired !== true) {
      return { kind: 'refused', cause: 'no-state', detail: 'the session was never paired' }
    }
    const notes = [outcome.forfeited, ...outcome.notes].filter((note) => note !== undefined)
    return {
      kind: 'ready',
      route: outcome.route === 'new' ? 'warm' : outcome.route,
      provisional: outcome.provisional === true,
      ...(notes.length === 0 ? {} : { detail: notes.join('; ') }),
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toGatewayError(thrown)
    return { kind: 'refused', cause: causeOfError(error), detail: error.message }
  }
}
