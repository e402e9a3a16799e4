import PQueue from 'p-queue'
import { GatewayError } from '../../session/errors.ts'
import { isSessionId } from '../../session/ids.ts'
import type { ReplicaContext } from '../context.ts'
import { SESSIONS } from '../names.ts'
import type { PruneOptions, SessionPruned } from '../port.ts'
import { pruneSession } from './prune.ts'

/** Sessions that are pruned at the same time. */
const CONCURRENCY = 4

export type Exclusively = <T>(sessionId: string, work: () => Promise<T>) => Promise<T>

/** Prunes one session after another, a few at a time; each outcome is told as it is known. */
export async function pruneSessions(
  context: ReplicaContext,
  exclusively: Exclusively,
  { sessionIds, pauseMs, ...options }: PruneOptions,
  onPruned: (pruned: SessionPruned) => void,
): Promise<void> {
  const { signal } = options
  const concurrency = pauseMs === undefined ? CONCURRENCY : 1
  const queue = new PQueue({ concurrency })
  const broken = new AbortController()
  const quietly = { background: true, ...(signal && { signal }) }
  for await (const id of sessionIds ?? stored(context, signal)) {
    await queue.onSizeLessThan(concurrency)
    if (broken.signal.aborted || signal?.aborted === true) break
    const prune = () => pruneSession(context, id, options)
    queue
      .add(async () => {
        onPruned(await exclusively(id, prune).catch((error: unknown) => failed(id, error)))
        if (pauseMs !== undefined) await context.clock.sleep(pauseMs, quietly)
      })
      .catch((error: unknown) => broken.abort(error))
  }
  await queue.onIdle()
  signal?.throwIfAborted()
  broken.signal.throwIfAborted()
}

async function* stored(
  { store }: ReplicaContext,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const id of store.listParts(SESSIONS, signal && { signal }))
    if (isSessionId(id)) yield id
}

function failed(sessionId: string, error: unknown): SessionPruned {
  if (!(error instanceof GatewayError)) throw error
  const detail = error.message
  return { sessionId, outcome: 'failed', kept: [], dropped: [], leftovers: 0, bytes: 0, detail }
}
