import PQueue from 'p-queue'
import type { Event, Input } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import type { BackupInfo, SnapshotTrigger } from '../replica/port.ts'
import { toGatewayError } from '../session/errors.ts'
import type { WorkerState } from './state.ts'
import { verifyStored } from './verify.ts'

/** Store requests of one operation at the same time. */
const CONCURRENCY = 8

/** What the control API calls about the copies in the object store. */
export function backingUp(
  worker: WorkerState,
  targets: (input: Input<'preserve'>) => string[],
): Pick<MethodHandlers, 'preserve' | 'backup.create' | 'backup.verify'> {
  const store = async (
    ids: string[],
    how: Storing,
    emit: (result: Stored) => void,
  ): Promise<Stored[]> => {
    const queue = new PQueue({ concurrency: CONCURRENCY })
    return queue.addAll(
      ids.map((sessionId) => async () => {
        const result = await storeOne(worker, sessionId, how)
        emit(result)
        return result
      }),
    )
  }

  return {
    preserve: async (input, { emit }) => {
      const results = await store(targets(input), { trigger: 'preserve' }, (one) =>
        emit({ type: 'preserved', ...one }),
      )
      emit({ type: 'end', results })
    },

    'backup.create': async ({ name, ...input }, { emit }) => {
      const how = { trigger: 'manual' as const, ...(name !== undefined && { name }) }
      const results = await store(targets(input), how, (one) => emit({ type: 'backup', ...one }))
      emit({ type: 'end', results })
    },

    'backup.verify': async (input, { emit, signal }) => {
      const ended = AbortSignal.any([signal, worker.stopping])
      await verifyStored(worker, input, emit, ended)
    },
  }
}

interface Storing {
  trigger: SnapshotTrigger
  name?: string
}

type Stored = Extract<Event<'preserve'>, { type: 'end' }>['results'][number]

async function storeOne(
  worker: WorkerState,
  sessionId: string,
  { trigger, name }: Storing,
): Promise<Stored> {
  const { replica, auth } = worker
  try {
    if (!replica.holds(sessionId)) {
      const why = auth.suspended(sessionId)
      if (why !== undefined) return { sessionId, stored: false, ...suspended(sessionId, why) }
      const local = auth.find(sessionId)
      const stored = local === undefined || local.seq <= local.storedSeq
      return { sessionId, stored, detail: 'not running here: nothing was written' }
    }
    let backup: BackupInfo | undefined
    if (trigger === 'manual') backup = await replica.fold(sessionId, trigger, undefined, name)
    else backup = await replica.foldIfNewer(sessionId, trigger)
    if (backup === undefined) return { sessionId, stored: true, detail: 'nothing had changed' }
    return { sessionId, stored: true, backup }
  } catch (error) {
    const { message: detail, hint: next } = toGatewayError(error)
    return { sessionId, stored: false, detail, ...(next !== undefined && { next }) }
  }
}

/** Not held at the moment: taken by another worker, or about to be taken up again here. */
function suspended(sessionId: string, why: string): { detail: string; next: string } {
  return {
    detail: `nothing was written: ${why}`,
    next: `see \`wa-gateway session show ${sessionId}\` for whose '${sessionId}' is now; where it is here, run the same again`,
  }
}
