import type { ObjectStore } from '../../store/port.ts'
import type { Clock } from '../clock.ts'
import { readHead, type ObjectAddress } from '../object.ts'
import { isUnreadable, withKeys, type Sealer } from '../sealer.ts'
import { conditionalWrite, type SwapTiming } from '../swap.ts'
import { usedThere } from './lineage.ts'

/** An object store, with what opens and seals its objects. */
export interface Site {
  readonly store: ObjectStore
  readonly sealer: Sealer
}

/** What a copy from one store to another works with. */
export interface CopyContext {
  readonly from: Site
  readonly to: Site
  /** Both have the same keys: bytes are put as they are. Else they are sealed anew on the way. */
  readonly sameKeys: boolean
  /** False where objects that are there already must be looked at too: they may be of an older key. */
  readonly trustNames: boolean
  readonly clock: Clock
  readonly timing: SwapTiming
  readonly signal?: AbortSignal
  /** Sees to it that whoever reads the destination has this key. */
  readonly ensureKey: (keyId: string) => Promise<void>
  /** An object was put. */
  readonly onPut: (bytes: number) => void
}

/** The options of a store's request. */
export function within({ signal }: Pick<CopyContext, 'signal'>): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}

/**
 * Puts an object of the source in its place, once it has proven to be sound. What is there already
 * stays where it says the same under the same key; it is replaced where it is damaged or sealed
 * otherwise. Throws `replica.stale` where it says something else: others write there.
 */
export async function carry(
  context: CopyContext,
  address: ObjectAddress,
  bytes: Uint8Array,
): Promise<void> {
  const { from, to, sameKeys, clock, timing, onPut } = context
  const { codec, payload } = await withKeys(from.sealer, () => from.sealer.open(address, bytes))
  const sealed = sameKeys ? bytes : to.sealer.seal(address, codec, payload)
  await context.ensureKey(readHead(address, sealed).keyId)
  const isOwn = (found: Uint8Array): boolean => Buffer.compare(found, sealed) === 0
  const request = { name: address.name, bytes: sealed, isOwn, ...within(context) }
  const first = await conditionalWrite(to.store, clock, timing, { ...request, etag: undefined })
  if (first.kind === 'stored') return onPut(sealed.length)
  const there = first.current
  if (there === undefined) return carry(context, address, bytes)
  const said = await readable(to.sealer, address, there.bytes)
  if (said !== undefined && Buffer.compare(said, payload) !== 0)
    throw usedThere(address.name, to.store.label)
  if (said !== undefined && !sameKeys) return
  const second = await conditionalWrite(to.store, clock, timing, { ...request, etag: there.etag })
  if (second.kind === 'lost') return carry(context, address, bytes)
  onPut(sealed.length)
}

/** What the object says; undefined where it is damaged or of a key that is gone. */
async function readable(
  sealer: Sealer,
  address: ObjectAddress,
  bytes: Uint8Array,
): Promise<Uint8Array | undefined> {
  try {
    return await withKeys(sealer, () => sealer.open(address, bytes).payload)
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
