import type { Event } from '../control/api.ts'
import { KEYRING_NAME } from '../replica/names.ts'
import type { PartCheck, SessionCheck } from '../replica/port.ts'
import { GatewayError } from '../session/errors.ts'
import type { WorkerState } from './state.ts'

type Verified = Event<'backup.verify'>
type Summary = Extract<Verified, { type: 'end' }>['summary']

/**
 * Runs a verification, tells of each part as it is done, and counts. Throws `session.unknown` for a
 * session that was named and that neither this worker nor the store knows.
 */
export async function verifyStored(
  { replica, encryption, service }: Pick<WorkerState, 'replica' | 'encryption' | 'service'>,
  input: { sessions?: string[]; readData?: boolean },
  emit: (event: Verified) => void,
  signal: AbortSignal,
): Promise<void> {
  const { sessions, readData = false } = input
  const summary: Summary = {
    sessions: 0,
    parts: 0,
    sound: 0,
    damaged: 0,
    nothing: 0,
    unread: 0,
    findings: 0,
  }
  const checked = (check: SessionCheck | PartCheck): void => {
    const named = sessions !== undefined && check.kind === 'session'
    if (named && check.outcome === 'nothing') service.roster.known(check.sessionId)
    summary[check.kind === 'session' ? 'sessions' : 'parts']++
    summary[check.outcome]++
    summary.findings += check.findings.length
    emit({ type: 'checked', check })
  }
  if (sessions === undefined && encryption.view.kind !== 'none')
    checked(await checkKeyring(encryption))
  const some = sessions && { sessionIds: sessions }
  await replica.verify({ ...some, readData, signal }, checked)
  emit({ type: 'end', summary })
}

/** Without it nothing in the store can be read after this worker has ended. */
async function checkKeyring(encryption: WorkerState['encryption']): Promise<PartCheck> {
  const check = { kind: 'part' as const, name: KEYRING_NAME, slots: 0, findings: [] }
  try {
    await encryption.keyring.refresh()
    return { ...check, outcome: 'sound' }
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    if (error.retryable) return { ...check, outcome: 'unread', detail: error.message }
    const finding = {
      severity: 'recovery' as const,
      object: error.subject ?? KEYRING_NAME,
      what: error.message,
      todo: error.hint ?? 'put it back from the newest copy under v1/keyrings/',
    }
    return { ...check, outcome: 'damaged', findings: [finding] }
  }
}
