import PQueue from 'p-queue'
import { GatewayError } from '../../session/errors.ts'
import type { ReplicaContext } from '../context.ts'
import type { BootId } from '../names.ts'
import type { ClaimOutcome } from '../port.ts'
import type { FencedReport } from './port.ts'

const CONCURRENCY = 16
/** Milliseconds between two attempts to claim again while the store is in trouble. */
const PAUSE = 1_000

export interface FencedParts {
  context: Pick<ReplicaContext, 'auth' | 'clock' | 'held'>
  /** Writes go on under this boot. */
  restart(boot: string): void
  /** Claims a session again without touching its local state. */
  reclaim(sessionId: string): Promise<ClaimOutcome>
  /** Nothing may be done to the session meanwhile. */
  exclusively<T>(sessionId: string, work: () => Promise<T>): Promise<T>
  /** Somebody else has it now. */
  onLost(sessionId: string): Promise<void>
  onSettled(report: FencedReport): void
}

/**
 * Rule 8. A worker whose log was ended by another stops acknowledging at once, mints a new boot and
 * claims again what still names the old one, without a download and with its sockets open: one taken
 * session must not cost the others. Whatever is no longer its own is given up without logging out.
 */
export class FencedWorker {
  readonly #parts: FencedParts
  readonly #abort = new AbortController()
  readonly #queue = new PQueue({ concurrency: CONCURRENCY })
  readonly #pending = new Set<string>()
  #ready: Promise<void> = Promise.resolve()

  constructor(parts: FencedParts) {
    this.#parts = parts
  }

  /** Resolves when there is a boot that may write. */
  ready(): Promise<void> {
    return this.#ready
  }

  /** The session is put away by whoever asked for that: it is not claimed again. */
  forgo(sessionId: string): void {
    this.#pending.delete(sessionId)
  }

  begin({ boot }: BootId): void {
    const { auth, held } = this.#parts.context
    auth.suspendAll('another worker ended the log of this one')
    const sessions = [...held].flatMap(([id, { boot: holder }]) => (holder === boot ? [id] : []))
    for (const sessionId of sessions) {
      held.delete(sessionId)
      this.#pending.add(sessionId)
    }
    this.#ready = this.#mint()
    // What a failing disk prevents is told by whoever waits for `ready`, and by the disk itself.
    this.#ready.then(
      () => this.#settle(boot, sessions),
      () => undefined,
    )
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    this.#queue.clear()
    await this.#queue.onIdle()
  }

  async #mint(): Promise<void> {
    this.#parts.restart(await this.#parts.context.auth.renewBoot())
  }

  async #settle(boot: string, sessions: string[]): Promise<void> {
    const kept: string[] = []
    const lost: string[] = []
    const work = sessions.map((sessionId) => async () => {
      const verdict = await this.#settleOne(sessionId)
      if (verdict !== 'gone') (verdict === 'kept' ? kept : lost).push(sessionId)
    })
    await this.#queue.addAll(work)
    if (this.#abort.signal.aborted) return
    this.#parts.onSettled({ boot, next: this.#parts.context.auth.boot, kept, lost })
  }

  async #settleOne(sessionId: string): Promise<'kept' | 'lost' | 'gone'> {
    const { signal } = this.#abort
    const { clock } = this.#parts.context
    while (!signal.aborted) {
      const verdict = await this.#parts.exclusively(sessionId, () => this.#attempt(sessionId))
      if (verdict !== 'again') return verdict
      await clock.sleep(PAUSE, { signal, background: true }).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
    }
    return 'gone'
  }

  async #attempt(sessionId: string): Promise<'kept' | 'lost' | 'gone' | 'again'> {
    if (!this.#pending.has(sessionId)) return 'gone'
    if (this.#parts.context.held.has(sessionId)) return this.#done(sessionId, 'kept')
    try {
      const outcome = await this.#parts.reclaim(sessionId)
      if (outcome.kind === 'claimed') return this.#done(sessionId, 'kept')
    } catch (error) {
      if (error instanceof GatewayError && error.retryable) return 'again'
      if (!(error instanceof GatewayError)) throw error
    }
    await this.#parts.onLost(sessionId)
    return this.#done(sessionId, 'lost')
  }

  #done<T>(sessionId: string, verdict: T): T {
    this.#pending.delete(sessionId)
    return verdict
  }
}

/** What was asked for is not done; whose the session is now is found out meanwhile. */
export function fencedError(boot: string, sessionId: string): GatewayError {
  return new GatewayError({
    code: 'replica.fenced',
    subject: sessionId,
    message: `another worker took sessions of this one over and ended its log (boot ${boot.slice(0, 8)}) before '${sessionId}' was stored`,
    hint: `if '${sessionId}' is not among them it goes on here: run the same again in a few seconds; \`wa-gateway session show ${sessionId}\` tells whose it is`,
  })
}
