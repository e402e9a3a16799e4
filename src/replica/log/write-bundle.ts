import { GatewayError } from '../../session/errors.ts'
import type { StoredObject } from '../../store/port.ts'
import type { ReplicaContext } from '../context.ts'
import { slotName, type BootId } from '../names.ts'
import { readHead } from '../object.ts'
import { conditionalWrite } from '../swap.ts'
import type { InFlight } from './gather.ts'
import type { ShipTiming } from './ship-timing.ts'
import { decodeSlot } from './slots.ts'

/**
 * Milliseconds after which a write of unknown outcome is shown as a failure, and told to whoever is
 * impatient. The same bytes are repeated afterwards all the same.
 */
const ATTEMPT = 2_000

type WriteContext = Pick<ReplicaContext, 'store' | 'sealer' | 'clock' | 'timing'>

interface Writing {
  timing: Pick<ShipTiming, 'firstPause' | 'longestPause'>
  signal: AbortSignal
  /** Called for each attempt that did not store it; resolves when the next is due. */
  troubled: (error: unknown, pauseMs: number) => Promise<void>
}

/**
 * Rule 2: the same bytes until the outcome is known, however long that takes. Returns what stands in
 * the bundle's slot where it is another's; throws only when the signal aborts.
 */
export async function writeBundle(
  { store, sealer, clock, timing }: WriteContext,
  me: BootId,
  bundle: InFlight,
  { timing: { firstPause, longestPause }, signal, troubled }: Writing,
): Promise<StoredObject | undefined> {
  const { slot, writeId, bytes } = bundle
  const attempt = { ...timing, deadline: Math.min(ATTEMPT, timing.deadline) }
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      const outcome = await conditionalWrite(store, clock, attempt, {
        name: slotName(me, slot),
        bytes,
        etag: undefined,
        isOwn: async (found) => {
          // A copy, since it is looked at again where it is another's.
          const copy = new Uint8Array(found)
          const there = await decodeSlot(sealer, me, slot, copy).catch(unreadable)
          return there?.kind === 'bundle' && there.writeId === writeId
        },
        signal,
      })
      if (outcome.kind !== 'lost') return undefined
      if (outcome.current !== undefined) return outcome.current
    } catch (error) {
      signal.throwIfAborted()
      await troubled(error, pause)
    }
  }
}

/** Whether what stands in a slot ends the log. */
export function isFence(name: string, { bytes }: StoredObject): boolean {
  try {
    return readHead({ name, kind: 'fence' }, bytes).kind === 'fence'
  } catch (error) {
    unreadable(error)
    return false
  }
}

/** What cannot be read was not written by this process. */
function unreadable(error: unknown): undefined {
  if (error instanceof GatewayError && error.code.startsWith('replica.')) return undefined
  throw error
}
