import type { SessionCheck } from '../replica/verify/port.ts'
import type { Verifications } from '../registry/port.ts'

/** Remembers what was read whole of a session. */
export async function noteVerified(
  verifications: Verifications,
  check: SessionCheck,
  at: number,
): Promise<void> {
  const { sessionId: session, outcome, read } = check
  if (outcome === 'nothing') return verifications.forget(session)
  if (outcome === 'unread' || !isWhole(check)) return
  const backups = read.map(({ id: backup, sound }) => ({ backup, sound }))
  await verifications.record({ session, at, outcome }, backups)
}

/** Everything of it was read: it was in the sample, or there was none. */
export function isWhole({ outcome, read, backups }: SessionCheck): boolean {
  return (outcome === 'sound' || outcome === 'damaged') && read.length === backups
}
