import { randomBytes } from 'node:crypto'
import { GatewayError } from '../session/errors.ts'
import { noConditionalWrites } from './no-conditional-writes.ts'
import type { ObjectStore, PutOutcome, RequestOptions } from './port.ts'

/** Each is a promise of the store that session ownership rests on. */
export interface ProbeResult {
  createsWhereAbsent: boolean
  rejectsCreateWhereExists: boolean
  swapsCurrent: boolean
  rejectsSwapOfStale: boolean
}

const WORDS: Record<keyof ProbeResult, string> = {
  createsWhereAbsent: 'it refused to create an object that does not exist (If-None-Match: *)',
  rejectsCreateWhereExists: 'it overwrote an existing object in spite of If-None-Match: *',
  swapsCurrent: 'it refused to replace an object whose etag is current (If-Match)',
  rejectsSwapOfStale: 'it overwrote an object in spite of a stale etag (If-Match)',
}

const TRIES = 5

/**
 * Proves with four small writes that conditional writes are honoured, and removes what it wrote.
 * Throws `store.no-conditional-writes` naming what is not.
 */
export async function probeConditionalWrites(
  store: ObjectStore,
  options?: RequestOptions,
): Promise<ProbeResult> {
  const result = await runProbe(store, options)
  for (const [promise, honoured] of Object.entries(result)) {
    if (honoured) continue
    throw noConditionalWrites(store.label, WORDS[promise as keyof ProbeResult])
  }
  return result
}

async function runProbe(store: ObjectStore, options?: RequestOptions): Promise<ProbeResult> {
  // A write whose outcome is unknown says nothing; a fresh name begins from nothing again.
  for (let attempt = 1; ; attempt += 1) {
    const name = `v1/probe/${randomBytes(16).toString('hex')}`
    try {
      const result = await fourWrites(store, name, options)
      await store.remove(name, options)
      return result
    } catch (error) {
      await discard(store, name)
      const unknown = error instanceof GatewayError && error.code === 'store.unknown-outcome'
      if (!unknown || attempt === TRIES) throw error
    }
  }
}

/** The failure of the probe is what the caller has to see, not that of tidying up after it. */
async function discard(store: ObjectStore, name: string): Promise<void> {
  try {
    await store.remove(name)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
  }
}

async function fourWrites(
  store: ObjectStore,
  name: string,
  options: RequestOptions | undefined,
): Promise<ProbeResult> {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(`${text} ${name}`)
  const stored = (outcome: PutOutcome): boolean => outcome.kind === 'stored'
  const created = await store.putIfAbsent(name, bytes('created'), options)
  const overCreated = await store.putIfAbsent(name, bytes('created again'), options)
  const current = await store.get(name, options)
  const stale = current?.etag ?? ''
  const swapped =
    current === undefined
      ? ({ kind: 'conflict' } as const)
      : await store.compareAndSwap(name, bytes('swapped'), stale, options)
  // Where the swap was refused the etag is not stale yet: make it so.
  if (!stored(swapped)) await store.put(name, bytes('replaced'), options)
  const overStale =
    stale === ''
      ? ({ kind: 'conflict' } as const)
      : await store.compareAndSwap(name, bytes('swapped again'), stale, options)
  return {
    createsWhereAbsent: stored(created),
    rejectsCreateWhereExists: !stored(overCreated),
    swapsCurrent: stored(swapped),
    rejectsSwapOfStale: !stored(overStale),
  }
}
