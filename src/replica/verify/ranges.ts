import type { LogEntry } from '../log/bundle.ts'
import type { Slot } from '../log/slots.ts'
import { lowName, slotName } from '../names.ts'
import type { LogRange } from '../owner.ts'
import { faultOf, type Fault } from './finding.ts'
import type { VerifyRun } from './run.ts'

/** Slots that are fetched together. */
const AHEAD = 16

/** What a slot of a range says of one session. `broken`: what it said is not known any more. */
export type Step = { name: string; entries: readonly LogEntry[] } | { name: string; broken: Fault }

/** Whether the changes in a range are wanted, or only that each slot is sound. */
type Purpose = 'changes' | 'soundness'

/**
 * Every slot of a range, in order; an open one up to the live end or the fence. Slots that were
 * collected, being of no use to any session, are passed over.
 */
export async function* stepsOf(
  run: VerifyRun,
  session: string,
  range: LogRange,
  purpose: Purpose,
  signal: AbortSignal | undefined,
): AsyncGenerator<Step> {
  const reach = range.to ?? (await run.reach(range, signal))
  if (range.to === null) {
    // Whoever claims the session next has to read it.
    const low = await run.low(range, range.from, signal)
    if (typeof low !== 'number') yield { name: low.object, broken: low }
  }
  for (let from = range.from; ; from += AHEAD) {
    signal?.throwIfAborted()
    const width = range.to === null ? AHEAD : Math.min(AHEAD, range.to - from)
    if (width <= 0) return
    const isKnown = (slot: number): boolean =>
      purpose === 'changes' ? run.lacks(range, slot, session) : run.isSound(range, slot)
    const reads = Array.from({ length: width }, async (_, i) =>
      isKnown(from + i) ? 'known' : read(run, range, from + i),
    )
    for (const [index, found] of (await Promise.all(reads)).entries()) {
      const slot = from + index
      const name = slotName(range, slot)
      if (found === 'known') yield { name, entries: [] }
      else if (found === undefined) {
        if (range.to === null && slot >= reach) return
        const gone = await missing(run, range, slot, signal)
        if (gone !== undefined) yield { name, broken: gone }
      } else if ('what' in found) yield { name, broken: found }
      else if (found.kind === 'bundle') yield { name, entries: found.sessions.get(session) ?? [] }
      else if (range.to === null) {
        const amiss = await inTheWay(run, range, slot, reach, signal)
        if (amiss === 'end') return
        if (amiss !== undefined) yield { name, broken: amiss }
      }
    }
  }
}

async function read(
  run: VerifyRun,
  range: LogRange,
  slot: number,
): Promise<Slot | undefined | Fault> {
  try {
    return await run.readSlot(range, slot)
  } catch (error) {
    return faultOf(slotName(range, slot), error)
  }
}

async function missing(
  run: VerifyRun,
  range: LogRange,
  slot: number,
  signal: AbortSignal | undefined,
): Promise<Fault | undefined> {
  const low = await run.low(range, slot, signal)
  if (typeof low !== 'number') return low
  if (slot < low) return undefined
  const name = slotName(range, slot)
  const what = `the log of worker '${range.worker}' is damaged (${name}): the bundle is missing, although by ${lowName(range)} everything from slot ${low} on is there`
  return { object: name, what }
}

/**
 * A fence ends the log. One with bundles behind it stands where a bundle was lost, unless the slots
 * around it were collected while it was put there.
 */
async function inTheWay(
  run: VerifyRun,
  range: LogRange,
  slot: number,
  reach: number,
  signal: AbortSignal | undefined,
): Promise<Fault | 'end' | undefined> {
  if (slot + 1 >= reach) return 'end'
  const low = await run.low(range, slot, signal)
  if (typeof low !== 'number') return low
  if (slot < low) return undefined
  const name = slotName(range, slot)
  const what = `the log of worker '${range.worker}' is damaged (${name}): it was ended here, although it goes on behind: a bundle was lost before`
  return { object: name, what }
}
