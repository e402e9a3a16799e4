import type { Replica } from '../replica/port.ts'
import type { AuthStore } from '../authstate/port.ts'
import type { RecoveryRoute } from '../session/report.ts'
import { type CauseId } from '../session/cause.ts'
import { causeOfError } from '../session/cause-of.ts'
import { toGatewayError } from '../session/errors.ts'

export interface SessionToRestore {
  sessionId: string
  /** This worker was given the session (by the backend, the registry or the configuration). */
  assigned: boolean
  takeOver?: boolean
  /** Open local state although the store is away (ClaimRequest.provisional). */
  provisional?: boolean
  /** It is open, and gives way to nothing unseen (ClaimRequest.inUse). */
  inUse?: boolean
}

export type Restored =
  /** `unasked`: it went without the object store. */
  | {
      kind: 'ready'
      route: RecoveryRoute
      provisional: boolean
      unasked: boolean
      detail?: string
    }
  | { kind: 'refused'; cause: CauseId; detail: string }

/**
 * Makes sure that the local state is one from which a socket may be opened, and that it is ours to
 * use. A session that this process still holds costs one look at its owner record, and goes on
 * without it while the store is away: nobody can take it over then but through that store.
 */
export async function claimState(
  ports: { auth: AuthStore; replica: Replica },
  session: SessionToRestore,
  signal: AbortSignal,
): Promise<Restored> {
  const { sessionId, assigned, takeOver = false, provisional = false, inUse = false } = session
  try {
    const outcome = await ports.replica.claim({
      sessionId,
      assigned,
      takeOver,
      provisional,
      inUse,
      signal,
    })
    if (outcome.kind === 'refused') return outcome
    if (ports.auth.find(sessionId)?.paired !== true) {
      return { kind: 'refused', cause: 'no-state', detail: 'the session was never paired' }
    }
    const unconfirmed = outcome.provisional === true
    const notes = [outcome.forfeited, ...outcome.notes].filter((note) => note !== undefined)
    return {
      kind: 'ready',
      route: outcome.route === 'new' ? 'warm' : outcome.route,
      provisional: unconfirmed,
      unasked: unconfirmed,
      ...(notes.length === 0 ? {} : { detail: notes.join('; ') }),
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toGatewayError(thrown)
    if (causeOfError(error) === 'store-unavailable' && serves(ports, sessionId))
      return { kind: 'ready', route: 'warm', provisional: false, unasked: true }
    return { kind: 'refused', cause: causeOfError(error), detail: error.message }
  }
}

/** This process owns it, as far as it knows, and its local state is that of its own epoch. */
function serves({ auth, replica }: { auth: AuthStore; replica: Replica }, id: string): boolean {
  return replica.holds(id) && auth.find(id)?.paired === true && auth.suspended(id) === undefined
}
