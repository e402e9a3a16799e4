import PQueue from 'p-queue'
import type { Logger } from 'pino'
import { openAuthStore } from '../authstate/open.ts'
import type { AuthStore } from '../authstate/port.ts'
import type { Config } from '../config/config.ts'
import { openSqliteRegistry } from '../registry/sqlite.ts'
import type { Replica } from '../replica/port.ts'
import { type CauseId } from '../session/cause.ts'
import { causeOfError } from '../session/cause-of.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import type { RecoveryRoute } from '../session/report.ts'
import { probeConditionalWrites } from '../store/probe.ts'
import { claimState } from '../whatsapp/claim-state.ts'
import { KnownFolders } from './known-folders.ts'
import { knownSessions } from './known-sessions.ts'
import { openReplica } from './parts.ts'
import { openConfiguredStore } from './storage.ts'

/** What became of one session while the daemon was down. `ready`: the next start of it is warm. */
export interface OfflineResult {
  sessionId: string
  outcome: 'ready' | 'failed' | 'skipped'
  route?: RecoveryRoute
  cause?: CauseId
  detail?: string
  /** Milliseconds. */
  took: number
}

export interface OfflineRequest {
  /** Default: every session that this worker knows of. */
  sessionIds?: readonly string[]
  takeOver?: boolean
  concurrency?: number
  signal: AbortSignal
  onResult?: (result: OfflineResult, done: number, total: number) => void
}

const CONCURRENCY = 16

/**
 * Brings the local state of sessions up to date without a daemon: under the lock of the state
 * directory, without a connection to WhatsApp. Each is claimed, restored where this disk has not the
 * newest state, checked as a whole, and released. Throws `state.locked` while a daemon runs, and what
 * the store answers where it is away.
 */
export async function recoverOffline(
  config: Config,
  request: OfflineRequest,
  logger: Logger,
): Promise<OfflineResult[]> {
  const { signal } = request
  await using closers = new AsyncDisposableStack()
  const auth = await openAuthStore({ stateDir: config.stateDir, ack: config.ack })
  closers.defer(() => auth.close())
  const { registry } = await openSqliteRegistry({ file: config.registry.file })
  closers.defer(() => registry.close())
  const store = await openConfiguredStore(config.storage, new KnownFolders(config.stateDir))
  closers.defer(() => store.close())
  await store.check()
  await probeConditionalWrites(store, { signal })
  const { encryption, replica } = openReplica(config, { auth, store, logger }, closers)
  await encryption.unlock(signal)
  await replica.start()
  const ids = request.sessionIds ?? (await knownSessions({ auth, registry, replica }))
  const queue = new PQueue({ concurrency: request.concurrency ?? CONCURRENCY })
  let done = 0
  return await queue.addAll(
    ids.map((sessionId) => async () => {
      const result = await bringUpToDate({ auth, replica }, sessionId, request)
      done++
      request.onResult?.(result, done, ids.length)
      return result
    }),
  )
}

async function bringUpToDate(
  ports: { auth: AuthStore; replica: Replica },
  sessionId: string,
  { takeOver = false, signal }: OfflineRequest,
): Promise<OfflineResult> {
  const began = performance.now()
  const took = () => Math.round(performance.now() - began)
  signal.throwIfAborted()
  try {
    const claimed = await claimState(ports, { sessionId, assigned: true, takeOver }, signal)
    if (claimed.kind === 'refused') {
      const { cause, detail } = claimed
      const outcome = cause === 'owned-elsewhere' ? 'skipped' : 'failed'
      return { sessionId, outcome, cause, detail, took: took() }
    }
    // Opening checks every value, as the next start would.
    await (await ports.auth.open(sessionId)).close()
    const { stored, detail } = await ports.replica.release(sessionId, { store: false, signal })
    if (!stored) throw notReleased(sessionId, detail)
    return {
      sessionId,
      outcome: 'ready',
      route: claimed.route,
      ...(claimed.detail !== undefined && { detail: claimed.detail }),
      took: took(),
    }
  } catch (thrown) {
    signal.throwIfAborted()
    const error = toGatewayError(thrown)
    const [cause, detail] = [causeOfError(error), error.message]
    return { sessionId, outcome: 'failed', cause, detail, took: took() }
  }
}

function notReleased(sessionId: string, why: string | undefined): GatewayError {
  return new GatewayError({
    code: 'store.unavailable',
    subject: sessionId,
    message: `'${sessionId}' is ready on this disk, but could not be released${why === undefined ? '' : `: ${why}`}`,
    hint: 'nothing is lost: the next start of this worker takes it up; run this again when the store answers',
  })
}
