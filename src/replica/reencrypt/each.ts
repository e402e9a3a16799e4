import PQueue from 'p-queue'
import type { ObjectStore } from '../../store/port.ts'
import { sealedNames } from './sealed.ts'

/** Objects that are looked at at the same time. */
const CONCURRENCY = 16

/**
 * Does something with every sealed object of a store, several at a time, and ends at the first
 * failure. They are counted first, so that it can be said how far it is.
 */
export async function eachName(
  store: ObjectStore,
  { signal }: { signal?: AbortSignal },
  onTotal: (objects: number) => void,
  work: (name: string) => Promise<void>,
): Promise<void> {
  const options = signal === undefined ? {} : { signal }
  let total = 0
  for await (const _ of sealedNames(store, options)) total++
  onTotal(total)
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const failed = new AbortController()
  for await (const name of sealedNames(store, options)) {
    await queue.onSizeLessThan(CONCURRENCY)
    if (failed.signal.aborted) break
    queue.add(() => work(name)).catch((error: unknown) => failed.abort(error))
  }
  await queue.onIdle()
  failed.signal.throwIfAborted()
  signal?.throwIfAborted()
}
