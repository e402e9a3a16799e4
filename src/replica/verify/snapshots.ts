import type { Inspection } from '../../authstate/port.ts'
import { snapshotName } from '../names.ts'
import type { SnapshotRef } from '../owner.ts'
import type { StoredSnapshot } from '../retention/sweep.ts'
import { lookIntoSnapshot } from '../snapshot-io.ts'
import { faultIn, type Fault } from './finding.ts'
import type { VerifyRun } from './run.ts'

interface Looked {
  faults: Fault[]
  warnings: Fault[]
  /** It was read, not only looked for. */
  whole: boolean
}

/** How the snapshots of a session are looked at: read whole, or, outside the sample, listed. */
export function snapshotCheck(
  run: VerifyRun,
  sessionId: string,
  there: readonly StoredSnapshot[],
  signal: AbortSignal | undefined,
): (ref: SnapshotRef) => Promise<Looked> {
  if (run.reads(sessionId))
    return (ref) => run.memory.run(ref.size, () => readWhole(run, sessionId, ref, signal))
  const sizes = new Map(there.map(({ name, size }) => [name, size]))
  return async (ref) => ({
    faults: listed(sizes, sessionId, ref),
    warnings: [],
    whole: false,
  })
}

async function readWhole(
  { context }: VerifyRun,
  sessionId: string,
  ref: SnapshotRef,
  signal: AbortSignal | undefined,
): Promise<Looked> {
  const object = snapshotName(sessionId, ref.epoch, ref.seq)
  let found: Inspection | undefined
  const unreadable = await faultIn(object, async () => {
    found = await lookIntoSnapshot(context, sessionId, ref, signal)
  })
  if (unreadable !== undefined || found === undefined)
    return { faults: unreadable === undefined ? [] : [unreadable], warnings: [], whole: true }
  const whose = `the snapshot of session '${sessionId}' does not fit together (${object})`
  return {
    faults: found.faults.map((why) => damage(sessionId, object, why)),
    warnings: found.doubts.map(({ what, means }) => ({
      object,
      what: `${whose}: ${what}; ${means}`,
    })),
    whole: true,
  }
}

function listed(
  sizes: ReadonlyMap<string, number>,
  sessionId: string,
  { epoch, seq, size }: SnapshotRef,
): Fault[] {
  const object = snapshotName(sessionId, epoch, seq)
  const found = sizes.get(object)
  if (found === size) return []
  const why =
    found === undefined ? 'it is missing' : `it has ${found} bytes where ${size} were written`
  return [damage(sessionId, object, why)]
}

function damage(sessionId: string, object: string, why: string): Fault {
  const whose = `the snapshot of session '${sessionId}' in the object store is damaged (${object})`
  return { object, what: `${whose}: ${why}` }
}
