import type { Config } from '../config/config.ts'
import type { Event, Input } from '../control/api.ts'
import { copyStore, type CopyRequest, type CopySummary } from '../replica/copy/copy.ts'
import type { ObjectStore } from '../store/port.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { Attended } from './attended.ts'
import type { Encryption } from './encryption.ts'
import { Meter } from './meter.ts'
import { openOther } from './storage.ts'

type Copied = Event<'backup.copy'>
type Request = Input<'backup.copy'>

interface Caller {
  emit: (event: Copied) => void
  signal: AbortSignal
}

/** A copy came to its end; `left`: the sessions that it left out, and why, in words. */
type Listener = (request: Request, summary: CopySummary, left: string | undefined) => void

/** Copies between the worker's store and others, one copy at a time. */
export class SecondSite {
  readonly #config: () => Config
  readonly #own: { store: ObjectStore; encryption: Pick<Encryption, 'sealer' | 'keks'> }
  readonly #attended: Attended<Copied>
  readonly #listeners: Listener[] = []
  #yielding: { key: string; gone: AbortController; done: Promise<unknown> } | undefined

  /** `config`: as it is when a copy begins. */
  constructor(
    config: () => Config,
    own: { store: ObjectStore; encryption: Pick<Encryption, 'sealer' | 'keks'> },
    stopping: AbortSignal,
  ) {
    this.#config = config
    this.#own = own
    this.#attended = new Attended('a copy', stopping)
  }

  /** Whether a copy is under way. */
  get busy(): boolean {
    return this.#attended.busy
  }

  onEnd(listener: Listener): void {
    this.#listeners.push(listener)
  }

  /**
   * Ends when nobody attends it any more; what was copied by then stays. One that runs by itself makes
   * way for another.
   */
  async copy(request: Request, caller: Caller): Promise<void> {
    const key = JSON.stringify(request)
    const yielding = this.#yielding
    if (yielding !== undefined && yielding.key !== key) {
      yielding.gone.abort()
      await Promise.allSettled([yielding.done])
    }
    await this.#attended.attend(key, caller, (emit, signal) => this.#run(request, emit, signal, {}))
  }

  /** The same without hurry, until somebody asks for another copy. */
  async copyCalmly(
    request: Request,
    { emit, signal }: Caller,
    calm: Pick<CopyRequest, 'concurrency' | 'turn'>,
  ): Promise<void> {
    const key = JSON.stringify(request)
    const gone = new AbortController()
    const caller = { emit, signal: AbortSignal.any([signal, gone.signal]) }
    const done = this.#attended.attend(key, caller, (tell, within) =>
      this.#run(request, tell, within, calm),
    )
    const yielding = { key, gone, done }
    this.#yielding = yielding
    try {
      await done
    } finally {
      if (this.#yielding === yielding) this.#yielding = undefined
    }
  }

  async #run(
    request: Request,
    emit: (event: Copied) => void,
    signal: AbortSignal,
    calm: Pick<CopyRequest, 'concurrency' | 'turn'>,
  ): Promise<void> {
    const { store: text, direction, sessions, prune = false } = request
    const { store, encryption } = this.#own
    const config = this.#config()
    const other = await openOther(text, config)
    try {
      await other.check({ signal })
      if (direction === 'to') await probeConditionalWrites(other, { signal })
      const meter = new Meter(emit)
      const left: string[] = []
      const summary = await copyStore(
        {
          own: { store, sealer: encryption.sealer },
          other,
          direction,
          keks: encryption.keks,
          acceptPlaintext: config.encryption.allowPlaintext,
          prune,
          signal,
          ...calm,
          ...(sessions && { sessionIds: sessions }),
        },
        {
          onTotal: (total) => meter.set({ total }),
          onPut: (bytes) => meter.add(bytes),
          onSession: (session) => {
            const { sessionId, outcome, detail = 'what is there is newer' } = session
            meter.step({ failed: outcome === 'failed' })
            if (outcome !== 'copied' && outcome !== 'same') left.push(`${sessionId}: ${detail}`)
            emit({ type: 'session', ...session })
          },
        },
      )
      meter.flush()
      emit({ type: 'end', summary })
      for (const listener of this.#listeners) listener(request, summary, inWords(left))
    } finally {
      await other.close()
    }
  }
}

/** The first of them, and how many more there are. */
function inWords([first, ...rest]: readonly string[]): string | undefined {
  return first === undefined || rest.length === 0 ? first : `${first}; and ${rest.length} more`
}
