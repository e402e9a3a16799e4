import type { Logger } from 'pino'
import { toGatewayError, type GatewayError } from '../session/errors.ts'
import type { ObjectStore } from '../store/port.ts'
import { probeConditionalWrites } from '../store/probe.ts'

const CHECK_MS = 15_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 15_000

/** Whether the object store answers, as of the last look. */
export class StoreHealth {
  readonly #store: ObjectStore
  readonly #logger: Logger
  #error: GatewayError | undefined
  #known = false
  #timer: NodeJS.Timeout | undefined

  constructor(store: ObjectStore, logger: Logger) {
    this.#store = store
    this.#logger = logger
  }

  get view(): { label: string; offHost: boolean; healthy: boolean; detail?: string } {
    const { label, offHost } = this.#store
    if (!this.#known) return { label, offHost, healthy: false, detail: 'not asked yet' }
    if (this.#error !== undefined)
      return { label, offHost, healthy: false, detail: this.#error.message }
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

  /** Looks again every now and then, until `stop`. */
  watch(): void {
    this.#timer = setInterval(() => void this.#look(), CHECK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #look(after?: () => Promise<unknown>): Promise<GatewayError | undefined> {
    const before = this.#error
    try {
      await this.#store.check()
      await after?.()
      this.#error = undefined
      if (before !== undefined) this.#logger.info('the object store answers again')
    } catch (thrown) {
      this.#error = toGatewayError(thrown)
      if (before === undefined && this.#known)
        this.#logger.error({ err: this.#error }, 'the object store failed')
    }
    this.#known = true
    return this.#error
  }
}
