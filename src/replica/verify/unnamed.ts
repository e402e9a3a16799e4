import { snapshotName } from '../names.ts'
import type { ObjectAddress } from '../object.ts'
import type { OwnerRecord } from '../owner.ts'
import type { StoredSnapshot } from '../retention/sweep.ts'
import { withKeys } from '../sealer.ts'
import { faultIn, type Fault } from './finding.ts'
import type { VerifyRun } from './run.ts'

/**
 * Snapshots that the record does not name: about to be named, or left behind where something stopped
 * in between. Read where the data is asked for; one that is gone is missed by nobody.
 */
export async function checkUnnamed(
  run: VerifyRun,
  { session, snapshot, kept }: OwnerRecord,
  there: readonly StoredSnapshot[],
  signal: AbortSignal | undefined,
): Promise<Fault[]> {
  const faults: Fault[] = []
  if (!run.readsPast(session)) return faults
  const { store, sealer } = run.context
  const refs = snapshot === null ? kept : [snapshot, ...kept]
  const named = new Set(refs.map(({ epoch, seq }) => snapshotName(session, epoch, seq)))
  const check = async (name: string): Promise<void> => {
    const object = await store.get(name, signal && { signal })
    if (object === undefined) return
    const address: ObjectAddress = { name, kind: 'snapshot', sessionId: session }
    const open = async (): Promise<unknown> => sealer.open(address, object.bytes)
    const fault = await faultIn(name, () => withKeys(sealer, open))
    if (fault !== undefined) faults.push(fault)
  }
  for (const { name, size } of there)
    if (!named.has(name)) await run.memory.run(size, () => check(name))
  return faults
}
