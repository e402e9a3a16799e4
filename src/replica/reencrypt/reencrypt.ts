import type { ObjectStore, RequestOptions } from '../../store/port.ts'
import type { Clock } from '../clock.ts'
import { isUnreadable, withKeys, type Sealer } from '../sealer.ts'
import { conditionalWrite, type SwapTiming } from '../swap.ts'
import { eachName } from './each.ts'
import { readSealed } from './sealed.ts'

export interface ReencryptContext {
  store: ObjectStore
  sealer: Sealer
  /** The key that is written with, at the time of asking. */
  activeKey(): string
  clock: Clock
  timing: SwapTiming
  signal?: AbortSignal
}

/** What came of one object. `gone`: it was deleted meanwhile. */
type Reencrypted =
  | { outcome: 'current' | 'gone' }
  | { outcome: 'rewritten'; bytes: number }
  | { outcome: 'failed'; detail: string }

export interface ReencryptSummary {
  objects: number
  rewritten: number
  current: number
  failed: number
  bytes: number
}

export interface ReencryptListener {
  onTotal(objects: number): void
  onObject(name: string, result: Reencrypted): void
}

/**
 * Seals everything anew that is not under the active key: what other keys have sealed, and what was
 * stored before there was one. The content of an object stays the same under the same name, and the
 * swap is refused where another write came first, so anybody may do it to anything while its owner
 * goes on: owners compare what an object says, not its bytes. Each object says under which key it
 * is, so a run that is cut short is run again.
 */
export async function reencrypt(
  context: ReencryptContext,
  listener: ReencryptListener,
): Promise<ReencryptSummary> {
  const summary = { objects: 0, rewritten: 0, current: 0, failed: 0, bytes: 0 }
  await eachName(
    context.store,
    context,
    (total) => listener.onTotal(total),
    async (name) => {
      const result = await one(context, name)
      summary.objects++
      if (result.outcome !== 'gone') summary[result.outcome]++
      if (result.outcome === 'rewritten') summary.bytes += result.bytes
      listener.onObject(name, result)
    },
  )
  return summary
}

async function one(context: ReencryptContext, name: string): Promise<Reencrypted> {
  const { store, sealer, clock, timing, signal } = context
  const options: RequestOptions = signal === undefined ? {} : { signal }
  for (;;) {
    signal?.throwIfAborted()
    try {
      const found = await readSealed(store, name, options)
      if (found === undefined) return { outcome: 'gone' }
      const { address, bytes, etag, keyId } = found
      if (keyId === context.activeKey()) return { outcome: 'current' }
      const { codec, payload } = await withKeys(sealer, () => sealer.open(address, bytes))
      const sealed = sealer.seal(address, codec, payload)
      const isOwn = (there: Uint8Array): boolean => Buffer.compare(there, sealed) === 0
      const request = { name, bytes: sealed, etag, isOwn, signal }
      const written = await conditionalWrite(store, clock, timing, request)
      if (written.kind === 'stored') return { outcome: 'rewritten', bytes: sealed.length }
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return { outcome: 'failed', detail: error.message }
    }
  }
}
