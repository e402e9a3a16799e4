import type { OwnerRecord } from '../owner.ts'
import type { Fault } from './finding.ts'
import { stepsOf } from './ranges.ts'
import type { VerifyRun } from './run.ts'

/**
 * The log that only moments in the past need, slot by slot: each is there and sound, or was collected.
 * Read where the data is asked for.
 */
export async function checkPast(
  run: VerifyRun,
  { session, past }: OwnerRecord,
  signal: AbortSignal | undefined,
): Promise<{ slots: number; faults: Fault[] }> {
  const faults: Fault[] = []
  let slots = 0
  if (!run.readsPast(session)) return { slots, faults }
  for (const range of past.ranges)
    for await (const step of stepsOf(run, session, range, 'soundness', signal)) {
      slots++
      if ('broken' in step) faults.push(step.broken)
    }
  return { slots, faults }
}
