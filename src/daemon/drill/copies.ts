import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { errorFromJson } from '../../session/errors.ts'
import type { CopyRequest, CopyResult, FromThread, ThreadOptions, ToThread } from './protocol.ts'

const THREAD = new URL(
  import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js',
  import.meta.url,
)

/** The thread that makes the copies, one after another. */
export class Copies {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async start(options: ThreadOptions): Promise<Copies> {
    const copies = new Copies(new Worker(THREAD, { workerData: options }))
    await copies.#next()
    return copies
  }

  /** Throws why the state could not be restored. */
  async copy(request: CopyRequest): Promise<CopyResult> {
    this.#post({ kind: 'copy', request })
    const answer = await this.#next()
    if (answer.kind === 'copied') return answer.result
    if (answer.kind === 'failed') throw errorFromJson(answer.error)
    throw new TypeError(`the drill's thread answered '${answer.kind}'`)
  }

  async close(): Promise<void> {
    try {
      this.#post({ kind: 'close' })
      await this.#next()
    } finally {
      await this.#worker.terminate()
    }
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  /** Rejects where the thread has failed. */
  async #next(): Promise<FromThread> {
    const over = new AbortController()
    const { signal } = over
    const exit = once(this.#worker, 'exit', { signal }).then(() => {
      throw new TypeError("the drill's thread has ended")
    })
    const message = once(this.#worker, 'message', { signal }) as Promise<[FromThread]>
    try {
      return (await Promise.race([message, exit]))[0]
    } finally {
      over.abort()
      // The one that lost the race is aborted, which nobody needs to hear.
      await Promise.allSettled([message, exit])
    }
  }
}
