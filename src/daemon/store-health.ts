import type { Logger } from 'pino'
import type { StoreRequest } from '../metrics/measured-store.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import { probeConditionalWrites } from '../store/probe.ts'

const CHECK_MS = 15_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000
/** Outcomes of requests that the store answered. */
const ANSWERS = new Set(['ok', 'absent', 'conflict'])

interface StoreView {
  label: string
  offHost: boolean
  healthy: boolean
  detail?: string
  /** What to do about one that fails. */
  next?: string
}

/** Whether the object store answers, as of the last look or of whoever used it since. */
export class StoreHealth {
  readonly #store: ObjectStore
  readonly #logger: Logger
  #error: GatewayError | undefined
  #known = false
  #watching = false
  #timer: NodeJS.Timeout | undefined

  constructor(store: ObjectStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  get view(): StoreView {
    const { label, offHost } = this.#store
    if (!this.#known) return { label, offHost, healthy: false, detail: 'not asked yet' }
    if (this.#error !== undefined)
      return {
        label,
        offHost,
        healthy: false,
        detail: this.#error.message,
        next: this.#error.hint ?? 'see `wa-gateway doctor`',
      }
    return { label, offHost, healthy: true, ...(offHost ? {} : { detail: 'no off-host copy' }) }
  }

  /**
   * Resolves when the store answers and honours conditional writes. Waits for one that is away;
   * throws what waiting does not heal (credentials, bucket, no conditional writes). `onAway` is
   * called each time it did not answer.
   */
  async untilUsable(
    signal: AbortSignal,
    sleep: (ms: number) => Promise<void>,
    onAway: () => void = () => undefined,
  ): Promise<void> {
    for (let wait = FIRST_RETRY_MS; ; wait = Math.min(LAST_RETRY_MS, wait * 2)) {
      signal.throwIfAborted()
      const error = await this.#look(() => probeConditionalWrites(this.#store, { signal }))
      if (error === undefined) return
      if (!error.retryable) throw error
      this.#logger.warn({ err: error }, 'the object store is away; waiting for it')
      onAway()
      await sleep(wait)
    }
  }

  /**
   * A request of anybody's ended. Before it is known to be usable, a store that answers may still be
   * of no use.
   */
  heard({ outcome, error }: Pick<StoreRequest, 'outcome' | 'error'>): void {
    if (!this.#watching) return
    if (ANSWERS.has(outcome)) this.#note(undefined)
    else if (isTrouble(error)) this.#note(error)
  }

  /** Looks again every now and then, until `stop`. */
  watch(): void {
    this.#watching = true
    this.#timer = setInterval(() => void this.#look(), CHECK_MS)
    this.#timer.unref()
  }

  stop(): void {
    this.#watching = false
    clearInterval(this.#timer)
  }

  async #look(after?: () => Promise<unknown>): Promise<GatewayError | undefined> {
    try {
      await this.#store.check()
      await after?.()
      this.#note(undefined)
    } catch (thrown) {
      this.#note(toGatewayError(thrown))
    }
    return this.#error
  }

  #note(error: GatewayError | undefined): void {
    const before = this.#error
    this.#error = error
    if (error === undefined && before !== undefined)
      this.#logger.info('the object store answers again')
    if (error !== undefined && before === undefined && this.#known)
      this.#logger.error({ err: error }, 'the object store failed')
    this.#known = true
  }
}

/** Not what the caller asked for wrongly. */
function isTrouble(error: unknown): error is GatewayError {
  if (!(error instanceof GatewayError)) return false
  return error.code.startsWith('store.') && error.code !== 'store.bad-name'
}
