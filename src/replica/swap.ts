import { GatewayError } from '../session/errors.ts'
import type { ObjectStore, PutOutcome, StoredObject } from '../store/port.ts'
import type { Clock } from './clock.ts'

/** How long a write of unknown outcome is repeated, and how often. Milliseconds. */
export interface SwapTiming {
  deadline: number
  firstPause: number
  longestPause: number
}

export const SWAP_TIMING: SwapTiming = { deadline: 30_000, firstPause: 50, longestPause: 2_000 }

export interface SwapRequest {
  name: string
  /** Frozen: every repetition writes these very bytes. */
  bytes: Uint8Array
  /** What the object must still be; undefined: no object may be there. */
  etag: string | undefined
  /** Whether what the store holds came from this very write; owner records carry a write id. */
  isOwn(bytes: Uint8Array): boolean | Promise<boolean>
  signal?: AbortSignal | undefined
}

/** `lost`: another write came first; `current` is what stands there now. */
export type SwapOutcome =
  | { kind: 'stored'; etag: string }
  | { kind: 'lost'; current: StoredObject | undefined }

/**
 * One conditional write, made definite. An unknown outcome is repeated with the same bytes until
 * the store answers; a conflict is read back, since it may be the echo of an attempt of ours that
 * had arrived after all. Throws `store.unknown-outcome` when the deadline passes or the signal
 * aborts before that: the write may then still land later, and only a fresh read tells.
 */
export async function conditionalWrite(
  store: ObjectStore,
  clock: Clock,
  timing: SwapTiming,
  request: SwapRequest,
): Promise<SwapOutcome> {
  const options = request.signal === undefined ? {} : { signal: request.signal }
  const end = clock.monotonic() + timing.deadline
  let uncertain = false
  for (let pause = timing.firstPause; ; pause = Math.min(pause * 2, timing.longestPause)) {
    try {
      const outcome = await attempt(store, request, options)
      if (outcome.kind === 'stored') return outcome
      uncertain = true
      const current = await store.get(request.name, options)
      if (current !== undefined && (await request.isOwn(current.bytes)))
        return { kind: 'stored', etag: current.etag }
      return { kind: 'lost', current }
    } catch (error) {
      uncertain ||= isUnknown(error)
      if (!uncertain || !isStoreTrouble(error)) throw error
      if (!error.retryable || request.signal?.aborted === true || clock.monotonic() + pause > end)
        throw unknownOutcome(request.name, error)
    }
    await clock.sleep(pause, options).catch((error: unknown) => {
      throw unknownOutcome(request.name, error)
    })
  }
}

function attempt(
  store: ObjectStore,
  { name, bytes, etag }: SwapRequest,
  options: { signal?: AbortSignal },
): Promise<PutOutcome> {
  return etag === undefined
    ? store.putIfAbsent(name, bytes, options)
    : store.compareAndSwap(name, bytes, etag, options)
}

function isUnknown(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'store.unknown-outcome'
}

function isStoreTrouble(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code.startsWith('store.')
}

function unknownOutcome(name: string, cause: unknown): GatewayError {
  return new GatewayError({
    code: 'store.unknown-outcome',
    subject: name,
    message: `the object store did not say whether ${name} was written`,
    hint: 'check the object store; the next attempt reads what it holds first',
    cause,
  })
}
