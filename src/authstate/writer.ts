import { Worker } from 'node:worker_threads'

import { GatewayError, errorFromJson } from '../session/errors.ts'

import { Deliveries } from './deliveries.ts'
import type { SessionHead } from './heads.ts'
import type { Boot } from './meta.ts'
import { packOps, unpackHeads } from './op-packing.ts'
import type {
  DamagedSession,
  FromThread,
  PackedHeads,
  ThreadOptions,
  ToThread,
  WriterOp,
} from './writer-protocol.ts'

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js',
  import.meta.url,
)

/** Operations of one transaction: past this the rest waits for the next one. */
const BATCH_BYTES = 1024 * 1024
/** So much goes to the thread before the turn of the event loop is over. */
const CHUNK_BYTES = 32 * 1024

interface Queued {
  op: WriterOp
  bytes: number
  resolve?: () => void
  reject?: (error: GatewayError) => void
}

export interface Opened {
  boot: string
  boots: Boot[]
  heads: SessionHead[]
}

export interface WriterOptions extends ThreadOptions {
  /**
   * Called with the changed rows after each durable batch, a slice of them a turn of the event loop,
   * before any promise resolves.
   */
  onCommit: (heads: SessionHead[]) => void
  /** Called before that for a session that was found damaged: no change of it becomes durable. */
  onDamage: (sessionId: string, error: GatewayError) => void
  /** Called once; from then on nothing becomes durable any more. */
  onFailure: (error: GatewayError) => void
  /** The thread's program; another one in tests. */
  thread?: URL
}

/**
 * The main thread's end of the writing thread.
 *
 *   opening ──► idle ◄──► collecting ──► committing ──► idle | collecting
 *   any ──► failed                       idle ──► closing ──► closed
 *
 * Collecting lasts one turn of the event loop, and everything that is queued while a batch commits
 * goes into the next: so one fsync serves all who wrote meanwhile. The thread writes the first
 * operations of a batch while the last are still being made.
 */
export class Writer {
  readonly #worker: Worker
  readonly #options: WriterOptions
  readonly #opened = Promise.withResolvers<Opened>()
  readonly #exited = Promise.withResolvers<void>()
  #state: 'opening' | 'idle' | 'collecting' | 'committing' | 'failed' | 'closing' | 'closed' =
    'opening'
  /** Not sent yet. */
  #queue: Queued[] = []
  #queuedBytes = 0
  /** In the thread's open transaction. */
  #sent: Queued[] = []
  #sentBytes = 0
  /** Those that the thread was told to commit. */
  #inFlight: Queued[] = []
  readonly #heads = new Map<number, SessionHead>()
  readonly #deliveries: Deliveries<SessionHead>
  /** Set in `failed` only. */
  #failure: GatewayError | undefined
  #commits = 0
  /** When the commit under way was ordered, on the monotonic clock. */
  #orderedAt: number | undefined
  readonly #timed = new Set<(ms: number) => void>()

  private constructor(options: WriterOptions) {
    this.#options = options
    this.#deliveries = new Deliveries(options.onCommit)
    const { file, maxPages } = options
    this.#worker = new Worker(options.thread ?? THREAD, {
      name: 'authstate',
      workerData: { file, maxPages } satisfies ThreadOptions,
      execArgv: [],
    })
    this.#worker.on('message', (message: FromThread) => {
      this.#receive(message)
    })
    this.#worker.on('error', (cause) => {
      this.fail(threadDied(cause))
    })
    this.#worker.on('exit', () => {
      if (this.#state !== 'closed') this.fail(threadDied(undefined))
      this.#exited.resolve()
    })
  }

  /** Opens the state file in its thread; rejects with the GatewayError that prevents it. */
  static async start(options: WriterOptions): Promise<{ writer: Writer; opened: Opened }> {
    const writer = new Writer(options)
    const opened = await writer.#opened.promise
    return { writer, opened }
  }

  get failure(): GatewayError | undefined {
    return this.#failure
  }

  /** Milliseconds that the commit under way has taken so far; 0 where there is none. */
  get committingMs(): number {
    return this.#orderedAt === undefined ? 0 : performance.now() - this.#orderedAt
  }

  /** Called after each commit with the milliseconds from its order to the thread's answer. */
  onTimed(listener: (ms: number) => void): () => void {
    this.#timed.add(listener)
    return () => this.#timed.delete(listener)
  }

  /** Transactions so far. */
  get commits(): number {
    return this.#commits
  }

  /** Queues a change of `bytes` length; onCommit tells when it is durable. */
  enqueue(op: WriterOp, bytes: number): void {
    this.#push({ op, bytes })
  }

  /** Resolves when the operation is durable; rejects with the failure that prevents it. */
  submit(op: WriterOp, bytes = 0): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    return new Promise((resolve, reject) => {
      this.#push({ op, bytes, resolve, reject })
    })
  }

  /** Commits what is queued and closes the file in order; after a failure it only ends the thread. */
  async close(): Promise<void> {
    if (this.#state !== 'failed' && this.#state !== 'closed') {
      await this.submit({ kind: 'barrier' })
      this.#state = 'closing'
      this.#worker.ref()
      this.#send({ kind: 'close' })
    }
    await this.#exited.promise
    if (this.#failure !== undefined) throw this.#failure
  }

  #push(item: Queued): void {
    if (this.#state === 'failed') return
    if (this.#state === 'closing' || this.#state === 'closed')
      throw new GatewayError({ code: 'state.sealed', message: 'the local state is closed' })
    this.#queue.push(item)
    this.#queuedBytes += item.bytes
    if (this.#queuedBytes >= CHUNK_BYTES && this.#state !== 'opening') this.#write()
    if (this.#state === 'idle') this.#collect()
  }

  #collect(): void {
    this.#state = 'collecting'
    setImmediate(() => {
      if (this.#state === 'collecting') this.#commit()
    })
  }

  /** Sends what fits into the open transaction. */
  #write(): void {
    let bytes = this.#sentBytes
    let count = 0
    for (const item of this.#queue) {
      if (bytes > 0 && bytes + item.bytes > BATCH_BYTES) break
      bytes += item.bytes
      count += 1
    }
    if (count === 0) return
    const items = this.#queue.splice(0, count)
    this.#queuedBytes -= bytes - this.#sentBytes
    this.#sentBytes = bytes
    for (const item of items) this.#sent.push(item)
    const { ops, transfer } = packOps(items.map((item) => item.op))
    // Whoever waits for the disk keeps the process alive; an idle thread doesn't.
    this.#worker.ref()
    this.#send({ kind: 'ops', ops }, transfer)
  }

  #commit(): void {
    this.#write()
    this.#inFlight = this.#sent
    this.#sent = []
    this.#sentBytes = 0
    this.#state = 'committing'
    this.#orderedAt = performance.now()
    this.#worker.ref()
    this.#send({ kind: 'commit' })
  }

  #send(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#state = 'idle'
        this.#worker.unref()
        for (const head of message.heads) this.#heads.set(head.n, head)
        this.#opened.resolve(message)
        return
      case 'committed':
        return this.#committed(message)
      case 'closed':
        this.#state = 'closed'
        return
      case 'failed': {
        const { error, cause } = message
        const known = errorFromJson(error)
        this.fail(
          cause === ''
            ? known
            : new GatewayError({ ...error, code: known.code, cause: new Error(cause) }),
        )
        return
      }
      default:
        throw new TypeError(`unknown message ${JSON.stringify(message satisfies never)}`)
    }
  }

  #committed({ heads: packed, damaged }: { heads: PackedHeads; damaged: DamagedSession[] }): void {
    const done = this.#inFlight
    this.#inFlight = []
    this.#commits += 1
    const ms = this.committingMs
    this.#orderedAt = undefined
    for (const listener of this.#timed) listener(ms)
    if (this.#queue.length > 0 || this.#sent.length > 0) {
      this.#collect()
    } else {
      this.#state = 'idle'
      this.#worker.unref()
    }
    const heads = unpackHeads(packed, this.#heads)
    for (const { op } of done) if (op.kind === 'remove') this.#heads.delete(op.n)
    for (const { n, error } of damaged)
      this.#options.onDamage(this.#heads.get(n)?.sessionId ?? '', errorFromJson(error))
    this.#deliveries.add(heads, () => {
      for (const item of done) item.resolve?.()
    })
  }

  /** Fail-stop: what was not durable yet never will be, and nothing new is taken. */
  fail(error: GatewayError): void {
    if (this.#state === 'failed' || this.#state === 'closed') return
    const opening = this.#state === 'opening'
    this.#state = 'failed'
    this.#failure = error
    void this.#worker.terminate()
    const lost = [...this.#inFlight, ...this.#sent, ...this.#queue]
    this.#inFlight = []
    this.#sent = []
    this.#queue = []
    if (opening) return this.#opened.reject(error)
    // These are durable.
    this.#deliveries.flush()
    this.#options.onFailure(error)
    for (const item of lost) item.reject?.(error)
  }
}

function threadDied(cause: unknown): GatewayError {
  return new GatewayError({
    code: 'state.disk',
    message: 'the thread that writes the local state ended',
    hint: 'start the daemon again; nothing that was acknowledged is lost',
    cause,
  })
}
