import PQueue from 'p-queue'
import type { ReplicaContext } from '../context.ts'
import { stored } from '../discover.ts'
import type { PartCheck, SessionCheck, VerifyOptions } from './port.ts'
import { checkLogs } from './logs.ts'
import { VerifyRun } from './run.ts'
import { checkSession } from './session.ts'

/** Sessions that are read at the same time, each with one snapshot in memory at most. */
const CONCURRENCY = 16

/**
 * Reads everything that the store holds of sessions, as a recovery would, and tells what is damaged:
 * the owner record, every snapshot that it names, the log from the newest one to the end. Takes no
 * epoch and places no fence. With `readData` also the log that only the past needs and snapshots that
 * no record names. Without `sessionIds` it also looks at every log, for holes and at what lies beside
 * the bundles.
 *
 * Some damage looks like a state that the protocol allows, and only a worker whose disk remembers
 * more can tell (its confirmed epoch, what was confirmed of each session, its boots' next slots):
 *
 * - the last bundles of a log that was neither ended nor released with them are gone: the log looks
 *   as if they had never been written
 * - an older owner record was put back, of an epoch of which no later one left a snapshot; where it is
 *   of the same epoch, the log leads on from it to the newest state (unless it was collected since, or
 *   a restore had just begun the epoch), but backups that were named since are not listed
 * - a session's owner record and all its snapshots are gone
 * - an object is gone that need not be there: a fence behind the last bundle (a claimant places it
 *   again), `alive`, `want`, a snapshot that no record names, the beginning of a log that no
 *   record names (so it looks in a store that was made anew), or `low` where it says of nothing that
 *   it was collected, or the log neither goes on behind that nor has a session that reads it; or an
 *   older one of them was put back
 */
export async function verify(
  context: ReplicaContext,
  { sessionIds, readData = false, workers, signal }: VerifyOptions,
  onChecked: (check: SessionCheck | PartCheck) => void,
): Promise<void> {
  const run = new VerifyRun(context, readData)
  const tell = (check: SessionCheck | PartCheck): void => {
    for (const { object } of check.findings) run.tell(object)
    onChecked(check)
  }
  await checkSessions(run, sessionIds ?? (await stored(context, signal)), signal, tell)
  if (sessionIds !== undefined && workers === undefined) return
  const logs = { readData: readData !== false, alone: sessionIds !== undefined, workers, signal }
  for await (const check of checkLogs(run, logs)) tell(check)
}

async function checkSessions(
  run: VerifyRun,
  sessionIds: Iterable<string>,
  signal: AbortSignal | undefined,
  tell: (check: SessionCheck) => void,
): Promise<void> {
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const failed = new AbortController()
  for (const id of sessionIds) {
    await queue.onSizeLessThan(CONCURRENCY)
    if (failed.signal.aborted) break
    queue
      .add(async () => tell(await checkSession(run, id, signal)))
      .catch((error: unknown) => failed.abort(error))
  }
  await queue.onIdle()
  failed.signal.throwIfAborted()
}
