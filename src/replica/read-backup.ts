import type { SessionImage } from '../authstate/port.ts'
import { GatewayError } from '../session/errors.ts'
import { findBackup } from './backup-name.ts'
import type { ReplicaContext } from './context.ts'
import { readOwner } from './owner-io.ts'
import { backupsOf } from './owner.ts'
import type { BackupInfo } from './port.ts'
import { fetchSnapshot } from './snapshot-io.ts'

/** What a backup holds, verified. Throws `replica.missing` and `replica.damaged`; claims nothing. */
export async function readBackup(
  context: ReplicaContext,
  sessionId: string,
  backup: string,
): Promise<{ info: BackupInfo; image: SessionImage }> {
  const known = await readOwner(context, sessionId)
  if (known === undefined || known.record.removed)
    throw new GatewayError({
      code: 'replica.missing',
      subject: sessionId,
      message: `the object store has no session '${sessionId}'`,
      hint: 'run `wa-gateway backup list`',
    })
  const info = findBackup(backupsOf(known.record), sessionId, backup)
  const { image } = await fetchSnapshot(context, sessionId, info)
  return { info, image }
}
