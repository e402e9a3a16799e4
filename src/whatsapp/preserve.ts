import { toGatewayError } from '../session/errors.ts'
import type { PreservedSession } from '../session/report.ts'
import type { ServicePorts } from './ports.ts'
import { releaseInTime } from './release.ts'
import type { SessionRunner } from './runner.ts'

interface Kept {
  stored: boolean
  detail?: string
}

/**
 * Closes a session for good, without logging out: its changes are shipped and it is released, or
 * without `store` only sealed. Resolves with what became of it, whatever failed; with undefined
 * where this worker did not own it.
 */
export async function preserveSession(
  ports: ServicePorts,
  runner: SessionRunner,
  options: { store: boolean; signal?: AbortSignal | undefined },
): Promise<PreservedSession | undefined> {
  const sessionId = runner.id
  try {
    const kept = await keep(ports, runner, options)
    return kept && { sessionId, preservedAt: Date.now(), ...kept }
  } catch (thrown) {
    ports.logger.error({ err: thrown, session: sessionId }, 'a session could not be preserved')
    const detail = toGatewayError(thrown).message
    return { sessionId, preservedAt: Date.now(), stored: false, detail }
  }
}

async function keep(
  { replica, auth }: ServicePorts,
  runner: SessionRunner,
  { store, signal }: { store: boolean; signal?: AbortSignal | undefined },
): Promise<Kept | undefined> {
  const { id, provisional } = runner
  await runner.stop()
  if (provisional) return { stored: false, detail: 'the object store was away' }
  if (!replica.holds(id)) return undefined
  if (store) return releaseInTime(replica, id, { store: false, signal })
  const { seq = 0, storedSeq = 0 } = auth.find(id) ?? {}
  if (seq === storedSeq) return { stored: true }
  return { stored: false, detail: `the last ${seq - storedSeq} changes are on this disk only` }
}
