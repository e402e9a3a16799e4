import { toGatewayError } from '../../session/errors.ts'
import type { ReplicaContext } from '../context.ts'
import type { ShipLag } from './port.ts'

/** What this disk has and the object store has not: since when, and what stands in the way. */
export class Backlog {
  readonly #context: Pick<ReplicaContext, 'auth' | 'clock' | 'held'>
  /** When the oldest change that is not stored was seen, by session, on the monotonic clock. */
  readonly #since = new Map<string, number>()
  /** Sessions whose journal cannot be read, and why. */
  readonly #unreadable = new Map<string, unknown>()

  constructor(context: Pick<ReplicaContext, 'auth' | 'clock' | 'held'>) {
    this.#context = context
  }

  /** The session has changes that are not stored. */
  seen(sessionId: string): void {
    if (!this.#since.has(sessionId)) this.#since.set(sessionId, this.#context.clock.monotonic())
  }

  /** Something of the session was stored; returns up to which change the store has it. */
  stored(sessionId: string): number {
    const { auth, clock } = this.#context
    const local = auth.find(sessionId)
    if (local === undefined || local.storedSeq >= local.seq) this.#since.delete(sessionId)
    else this.#since.set(sessionId, clock.monotonic())
    return local?.storedSeq ?? 0
  }

  forget(sessionId: string): void {
    this.#since.delete(sessionId)
  }

  readable(sessionId: string): void {
    this.#unreadable.delete(sessionId)
  }

  unreadable(sessionId: string, error: unknown): void {
    this.#unreadable.set(sessionId, error)
  }

  /** `failure`: why the last bundle could not be stored. */
  lag(failure: unknown): ShipLag {
    const { auth, clock, held } = this.#context
    const now = clock.monotonic()
    const lag: ShipLag = { changes: 0, bytes: 0, oldestMs: 0 }
    for (const sessionId of held.keys()) {
      const local = auth.find(sessionId)
      if (local === undefined || local.storedSeq >= local.seq) continue
      lag.changes += local.seq - local.storedSeq
      lag.bytes += local.backlogBytes
      lag.oldestMs = Math.max(lag.oldestMs, now - (this.#since.get(sessionId) ?? now))
    }
    const [error = failure] = this.#unreadable.values()
    if (error !== undefined) lag.error = toGatewayError(error).message
    return lag
  }
}
