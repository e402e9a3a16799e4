import { Worker } from 'node:worker_threads'
import { GatewayError } from '../session/errors.ts'
import { isShared } from './give-back.ts'
import type { Scanned } from './scan-packed.ts'
import type { FromScanThread } from './scan-thread.ts'

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './scan-thread.ts' : './scan-thread.js',
  import.meta.url,
)
/** Milliseconds without work after which the thread ends. */
const IDLE = 5_000

interface Waiting {
  resolve: (found: Scanned | Uint8Array) => void
  reject: (error: unknown) => void
}

/**
 * Looks through packed entries in a thread of its own, so that reading a whole store holds up nobody
 * who is connected. The thread is there while there is work.
 */
export class Scanner {
  #worker: Worker | undefined
  /** In the order in which the thread answers. */
  #waiting: Waiting[] = []
  #idle: NodeJS.Timeout | undefined

  /**
   * The packed bytes change hands, with the buffer behind them; they come back where they take a
   * closer look. Rejects with `state.sealed` where the scanner is closed meanwhile, and with `internal`
   * where the thread dies.
   */
  scan(packed: Uint8Array): Promise<Scanned | Uint8Array> {
    const worker = (this.#worker ??= this.#start())
    clearTimeout(this.#idle)
    worker.ref()
    const own = isShared(packed) ? new Uint8Array(packed) : packed
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      worker.postMessage(own, [own.buffer as ArrayBuffer])
    })
  }

  async close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    this.#ended(worker, closed())
    await worker.terminate()
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { name: 'scan', execArgv: [] })
    worker.on('message', (message: FromScanThread) => {
      this.#waiting.shift()?.resolve(message.kind === 'scanned' ? message.scanned : message.packed)
      if (this.#waiting.length === 0) this.#rest(worker)
    })
    worker.on('error', (error) => this.#ended(worker, died(error)))
    worker.on('exit', () => this.#ended(worker, died(undefined)))
    return worker
  }

  #rest(worker: Worker): void {
    worker.unref()
    this.#idle = setTimeout(() => {
      this.#worker = undefined
      void worker.terminate()
    }, IDLE).unref()
  }

  #ended(worker: Worker, error: GatewayError): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    clearTimeout(this.#idle)
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }
}

function closed(): GatewayError {
  return new GatewayError({ code: 'state.sealed', message: 'the local state is closed' })
}

function died(cause: unknown): GatewayError {
  return new GatewayError({
    code: 'internal',
    message: 'the thread that looks through snapshots ended',
    hint: 'try again; nothing was changed',
    cause,
  })
}
