import type { Clock } from '../../src/replica/clock.ts'
import type { ListedObject, ObjectStore, PutOutcome, StoredObject } from '../../src/store/port.ts'
import { MemoryStore, unavailable, unknownOutcome } from './memory-store.ts'

/** Uniform in [0, 1), the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Something that a process waits for. Nothing happens until the schedule picks it. */
interface Pending {
  process: object
  /** A write may fail in more ways than a read; local steps do not fail. */
  kind: 'read' | 'write' | 'local' | 'timer'
  name: string
  /** Timers: not before this time is due; picking one moves the clock there. */
  until: number
  /** Takes effect in the store; returns what then settles the caller. */
  apply(): () => void
  fail(error: Error): void
}

/**
 * A store, a clock and local steps of which every single operation waits until it is picked: in any
 * order, with the reply lost, dropped before it arrived, or landing long after its caller gave up.
 */
export class Schedule {
  readonly server = new MemoryStore()
  readonly random: () => number
  /** Milliseconds on everybody's clock. */
  now = 1_000
  faults = true
  readonly stalled = new Set<object>()
  /** Called when a process sends a write, before anything becomes of it. */
  onSent: (process: object, name: string, bytes: Uint8Array) => void = () => undefined
  #pending: Pending[] = []
  #late: (() => () => void)[] = []

  constructor(seed: number) {
    this.random = seeded(seed)
  }

  below(n: number): number {
    return Math.floor(this.random() * n)
  }

  /** Settles, fails or loses one operation that waits; false where none does. */
  deliver(): boolean {
    const ready = this.#pending.filter(({ process }) => !this.stalled.has(process))
    const op = ready[this.below(ready.length)]
    if (op === undefined) return false
    this.#pending = this.#pending.filter((other) => other !== op)
    this.now = Math.max(this.now + 10, op.until)
    const luck = this.faults ? this.random() : 0
    if (op.kind === 'read' && luck > 0.96) op.fail(unavailable())
    else if (op.kind !== 'write' || luck < 0.8) op.apply()()
    else if (luck < 0.88) {
      op.apply()
      op.fail(unknownOutcome(op.name))
    } else if (luck < 0.96) {
      this.#late.push(() => op.apply())
      op.fail(unknownOutcome(op.name))
    } else op.fail(luck < 0.98 ? unavailable() : unknownOutcome(op.name))
    return true
  }

  /** One write that nobody waits for any more arrives. */
  landLate(): void {
    const [apply] = this.#late.splice(this.below(this.#late.length), 1)
    apply?.()
  }

  get lateWrites(): number {
    return this.#late.length
  }

  /** A process is gone: nothing settles for it again; writes on their way may still arrive. */
  end(process: object): void {
    for (const op of this.#pending)
      if (op.process === process && op.kind === 'write' && this.random() < 0.5)
        this.#late.push(() => op.apply())
    this.#pending = this.#pending.filter((op) => op.process !== process)
    this.stalled.delete(process)
  }

  local(process: object): Promise<void> {
    return this.#add(process, 'local', '', () => undefined)
  }

  clock(process: object): Clock {
    return {
      monotonic: () => this.now,
      wall: () => 1_700_000_000_000 + this.now,
      sleep: (ms, { signal } = {}) => this.#sleep(process, ms, signal),
    }
  }

  client(process: object): ObjectStore {
    const { server } = this
    const write = <T>(name: string, work: () => T, bytes?: Uint8Array): Promise<T> => {
      if (bytes !== undefined) this.onSent(process, name, bytes)
      return this.#add(process, 'write', name, work)
    }
    const read = <T>(name: string, work: () => T): Promise<T> =>
      this.#add(process, 'read', name, work)
    return {
      label: 'schedule',
      offHost: true,
      get: (name) => read(name, (): StoredObject | undefined => server.objects.get(name)),
      put: (name, bytes) => write(name, () => ({ etag: etagOf(server.store(name, bytes)) })),
      putIfAbsent: (name, bytes) => write(name, () => server.storeIfAbsent(name, bytes), bytes),
      compareAndSwap: (name, bytes, etag) =>
        write(name, () => server.swap(name, bytes, etag), bytes),
      remove: (name) => write(name, () => server.drop(name)),
      async *list(prefix): AsyncIterable<ListedObject> {
        yield* await read(prefix, () => server.listed(prefix))
      },
      async *listParts(prefix): AsyncIterable<string> {
        yield* await read(prefix, () => server.parts(prefix))
      },
      check: async () => undefined,
      close: async () => undefined,
    }
  }

  async #sleep(process: object, ms: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const sleep = this.#add(process, 'timer', '', () => undefined, this.now + ms)
    const pending = this.#pending.at(-1)
    const onAbort = (): void => {
      this.#pending = this.#pending.filter((op) => op !== pending)
      pending?.fail(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort)
    try {
      await sleep
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  #add<T>(
    process: object,
    kind: Pending['kind'],
    name: string,
    work: () => T,
    until = 0,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const apply = (): (() => void) => {
      const result = work()
      return () => resolve(result)
    }
    this.#pending.push({ process, kind, name, until, apply, fail: reject })
    return promise
  }
}

function etagOf(outcome: PutOutcome): string {
  return outcome.kind === 'stored' ? outcome.etag : ''
}
