import type { Event, Input } from '../control/api.ts'
import { KEYRING_NAME } from '../replica/names.ts'
import type { DataSample, PartCheck, SessionCheck } from '../replica/verify/port.ts'
import { after, WHOLE } from '../replica/verify/sample.ts'
import type { Verifications } from '../registry/port.ts'
import { GatewayError } from '../session/errors.ts'
import { Meter } from './meter.ts'
import type { WorkerState } from './state.ts'
import { isWhole, noteVerified } from './verified.ts'

type Verified = Event<'backup.verify'>
type Summary = Extract<Verified, { type: 'end' }>['summary']
type Ports = Pick<WorkerState, 'replica' | 'encryption' | 'service' | 'verifications' | 'verifying'>

/**
 * Runs a verification, tells of each part as it is done, and counts. Throws `session.unknown` for a
 * session that was named and that neither this worker nor the store knows.
 */
export async function verifyStored(
  ports: Ports,
  { sessions, readData }: Input<'backup.verify'>,
  emit: (event: Verified) => void,
  signal: AbortSignal,
): Promise<void> {
  const { replica, encryption, service, verifications } = ports
  const summary: Summary = {
    sessions: 0,
    parts: 0,
    sound: 0,
    damaged: 0,
    nothing: 0,
    unread: 0,
    whole: 0,
    findings: 0,
    warnings: 0,
  }
  const meter = new Meter(emit)
  const sessionIds = sessions ?? (await replica.stored(signal))
  meter.set({ what: 'sessions', total: sessionIds.length })
  const records: Promise<void>[] = []
  const checked = (check: SessionCheck | PartCheck): void => {
    const named = sessions !== undefined && check.kind === 'session'
    if (named && check.outcome === 'nothing') service.roster.known(check.sessionId)
    count(summary, check)
    if (check.kind === 'session') {
      if (isWhole(check)) ports.verifying.noted(check)
      records.push(noteVerified(verifications, check, Date.now()))
    } else meter.set({ what: 'logs' })
    emit({ type: 'checked', check })
    meter.step({ failed: check.outcome === 'damaged' })
  }
  if (sessions === undefined && encryption.view.kind !== 'none')
    checked(await checkKeyring(encryption))
  const sample =
    typeof readData === 'number' ? await nextSample(verifications, readData) : undefined
  const data = { readData: sample ?? readData === true, signal }
  try {
    await replica.verify(sessions === undefined ? data : { ...data, sessionIds: sessions }, checked)
    if (sample !== undefined && sessions === undefined)
      await verifications.moveCursor(after(sample))
  } finally {
    await Promise.all(records)
  }
  emit({ type: 'end', summary })
}

/** The next part of the store, of so many in a hundred. */
async function nextSample(verifications: Verifications, percent: number): Promise<DataSample> {
  const size = Math.max(1, Math.round((WHOLE * percent) / 100))
  return { from: await verifications.cursor(), size }
}

function count(summary: Summary, check: SessionCheck | PartCheck): void {
  summary[check.kind === 'session' ? 'sessions' : 'parts']++
  summary[check.outcome]++
  if (check.kind === 'session' && isWhole(check)) summary.whole++
  for (const { severity } of check.findings)
    summary[severity === 'warning' ? 'warnings' : 'findings']++
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
