import type { Replica } from '../replica/port.ts'
import { GatewayError } from '../session/errors.ts'

/** Milliseconds after which a session stays unreleased, however the store is. */
const RELEASE_MS = 15_000

type Released = Awaited<ReturnType<Replica['release']>>

/** Releases a session, within the caller's time and in any case some seconds. */
export async function releaseInTime(
  replica: Pick<Replica, 'release'>,
  sessionId: string,
  { store, signal }: { store: boolean; signal?: AbortSignal | undefined },
): Promise<Released> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(tooLate(sessionId)), RELEASE_MS).unref()
  const signals = signal === undefined ? [late.signal] : [late.signal, signal]
  try {
    return await replica.release(sessionId, { store, signal: AbortSignal.any(signals) })
  } finally {
    clearTimeout(timer)
  }
}

/** Gives up a session that another worker is to have; throws where the store does not take it. */
export async function giveUp(
  replica: Pick<Replica, 'claim' | 'holds' | 'owner' | 'release'>,
  sessionId: string,
): Promise<void> {
  if (!replica.holds(sessionId)) {
    const owner = await replica.owner(sessionId)
    if (owner?.mine !== true || owner.released) return
    // What an earlier attempt could not release is nobody's until it is.
    const claim = await replica.claim({ sessionId, assigned: false })
    if (claim.kind === 'refused') return
  }
  const { stored, detail } = await releaseInTime(replica, sessionId, { store: false })
  if (stored) return
  throw new GatewayError({
    code: 'store.unavailable',
    subject: sessionId,
    message: `'${sessionId}' could not be given up: ${detail ?? 'the object store did not take it'}`,
  })
}

function tooLate(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'interrupted',
    subject: sessionId,
    message: `the object store did not take it within ${RELEASE_MS / 1_000} s`,
  })
}
