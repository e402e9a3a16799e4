import { GatewayError } from '../session/errors.ts'

interface Caller<E> {
  emit(event: E): void
  /** Aborts when the caller has gone. */
  signal: AbortSignal
}

interface Running<E> {
  key: string
  callers: Set<Caller<E>>
  abandoned: AbortController
  done: Promise<void>
  last: E | undefined
}

/**
 * One long operation at a time, for as long as somebody attends it. Whoever asks for the same while it
 * runs attends too; when the last has gone it is stopped, and can be run again: it must go on where it
 * stopped. Asking for another one meanwhile is refused as busy.
 */
export class Attended<E extends object> {
  readonly #what: string
  readonly #stopping: AbortSignal
  #running: Running<E> | undefined

  /** `what`: in words, for those who are refused. `stopping` ends it whoever attends. */
  constructor(what: string, stopping: AbortSignal) {
    this.#what = what
    this.#stopping = stopping
  }

  get busy(): boolean {
    return this.#running !== undefined
  }

  /** `key`: what makes two requests the same. Rejects as the work does. */
  async attend(
    key: string,
    caller: Caller<E>,
    work: (emit: (event: E) => void, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    // One that was given up a moment ago is on its way out.
    while (this.#running?.abandoned.signal.aborted === true) await settled(this.#running.done)
    if (caller.signal.aborted) return
    const running = this.#running ?? this.#begin(key, work)
    if (running.key !== key) throw busy(this.#what)
    running.callers.add(caller)
    if (running.last !== undefined) caller.emit(running.last)
    const gone = Promise.withResolvers<void>()
    const leave = () => gone.resolve()
    caller.signal.addEventListener('abort', leave, { once: true })
    try {
      await Promise.race([running.done, gone.promise])
    } finally {
      caller.signal.removeEventListener('abort', leave)
      running.callers.delete(caller)
      if (running.callers.size === 0 && this.#running === running) running.abandoned.abort()
    }
  }

  #begin(
    key: string,
    work: (emit: (event: E) => void, signal: AbortSignal) => Promise<void>,
  ): Running<E> {
    const abandoned = new AbortController()
    const signal = AbortSignal.any([abandoned.signal, this.#stopping])
    const running: Running<E> = {
      key,
      callers: new Set(),
      abandoned,
      done: Promise.resolve(),
      last: undefined,
    }
    const emit = (event: E) => {
      running.last = event
      for (const caller of running.callers) caller.emit(event)
    }
    this.#running = running
    // Begins after the caller that asked for it attends, so that it misses nothing.
    running.done = Promise.resolve()
      .then(() => work(emit, signal))
      .finally(() => {
        this.#running = undefined
      })
    void settled(running.done)
    return running
  }
}

/** For waiting alone: whoever attends hears how it ended. */
async function settled(done: Promise<void>): Promise<void> {
  await Promise.allSettled([done])
}

function busy(what: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    message: `${what} is running already, for something else`,
    hint: 'wait until it is done, or stop it where it was started',
  })
}
