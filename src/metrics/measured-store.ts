import { GatewayError } from '../session/errors.ts'
import type { ObjectStore, PutOutcome, RequestOptions } from '../store/port.ts'

/** One request to the object store that ended. */
export interface StoreRequest {
  operation: 'get' | 'put' | 'put_if_absent' | 'compare_and_swap' | 'remove' | 'list' | 'check'
  /** `ok`, `absent`, `conflict`, `aborted`, or the error's code without `store.`. */
  outcome: string
  seconds: number
  /** The object's name; absent for a listing or a check. */
  name?: string
  /** What it failed with, unless it was aborted. */
  error?: unknown
}

/** The store, telling of each request how it ended. A listing is one request, however long it is. */
export function measuredStore(
  store: ObjectStore,
  ended: (request: StoreRequest) => void,
): ObjectStore {
  const measure = async <T>(
    operation: StoreRequest['operation'],
    name: string | undefined,
    options: RequestOptions | undefined,
    work: () => Promise<T>,
    outcomeOf: (result: T) => string = () => 'ok',
  ): Promise<T> => {
    const began = performance.now()
    const tell = (outcome: string, failure: Pick<StoreRequest, 'error'> = {}) => {
      const seconds = (performance.now() - began) / 1000
      ended({ operation, outcome, seconds, ...(name !== undefined && { name }), ...failure })
    }
    try {
      const result = await work()
      tell(outcomeOf(result))
      return result
    } catch (error) {
      tell(failureOf(error, options?.signal), options?.signal?.aborted ? {} : { error })
      throw error
    }
  }
  const put = ({ kind }: PutOutcome) => (kind === 'stored' ? 'ok' : 'conflict')

  async function* listed<T>(
    items: AsyncIterable<T>,
    options: RequestOptions | undefined,
  ): AsyncIterable<T> {
    const began = performance.now()
    let end: Pick<StoreRequest, 'outcome' | 'error'> = { outcome: 'ok' }
    try {
      yield* items
    } catch (error) {
      const outcome = failureOf(error, options?.signal)
      end = options?.signal?.aborted ? { outcome } : { outcome, error }
      throw error
    } finally {
      ended({ operation: 'list', seconds: (performance.now() - began) / 1000, ...end })
    }
  }

  return {
    label: store.label,
    offHost: store.offHost,
    get: (name, options) =>
      measure(
        'get',
        name,
        options,
        () => store.get(name, options),
        (found) => (found === undefined ? 'absent' : 'ok'),
      ),
    put: (name, bytes, options) =>
      measure('put', name, options, () => store.put(name, bytes, options)),
    putIfAbsent: (name, bytes, options) =>
      measure('put_if_absent', name, options, () => store.putIfAbsent(name, bytes, options), put),
    compareAndSwap: (name, bytes, etag, options) =>
      measure(
        'compare_and_swap',
        name,
        options,
        () => store.compareAndSwap(name, bytes, etag, options),
        put,
      ),
    remove: (name, options) => measure('remove', name, options, () => store.remove(name, options)),
    list: (prefix, options) => listed(store.list(prefix, options), options),
    listParts: (prefix, options) => listed(store.listParts(prefix, options), options),
    check: (options) => measure('check', undefined, options, () => store.check(options)),
    close: () => store.close(),
  }
}

function failureOf(error: unknown, signal: AbortSignal | undefined): string {
  if (signal?.aborted) return 'aborted'
  if (error instanceof GatewayError) return error.code.replace(/^store\./, '')
  return 'internal'
}
