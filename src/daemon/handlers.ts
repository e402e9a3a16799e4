import PQueue from 'p-queue'
import { PROTOCOL, type Event } from '../control/api.ts'
import type { ControlHandlers } from '../control/handlers.ts'
import type { BackupInfo, SnapshotTrigger } from '../replica/port.ts'
import type { Keyring, KeyInfo } from '../replica/crypto/keyring.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { assertConfirmed } from './confirm.ts'
import { recovering } from './recovering.ts'
import type { WorkerState } from './state.ts'
import { verifyStored } from './verify.ts'

/** Store requests of one operation at the same time. */
const CONCURRENCY = 8

/** What the daemon does for each method of the control API. */
export function createHandlers(worker: WorkerState): ControlHandlers {
  const { service, pairing, operations, replica } = worker
  const { roster } = service

  /** The sessions that a request means; throws `session.unknown` for one that isn't there. */
  const targets = (input: { sessions?: string[]; all?: boolean }): string[] => {
    if (input.all === true) return roster.ids()
    return (input.sessions ?? []).map((id) => roster.known(id).id)
  }

  const store = async (
    ids: string[],
    trigger: SnapshotTrigger,
    emit: (result: Stored) => void,
  ): Promise<Stored[]> => {
    const queue = new PQueue({ concurrency: CONCURRENCY })
    return queue.addAll(
      ids.map((sessionId) => async () => {
        const result = await storeOne(worker, sessionId, trigger)
        emit(result)
        return result
      }),
    )
  }

  return {
    health: (question) => worker.health(question),
    metrics: () => worker.metrics.scrape(),
    methods: {
      status: async () => ({
        version: worker.version,
        protocol: PROTOCOL,
        worker: worker.workerId,
        pid: process.pid,
        startedAt: worker.startedAt,
        ready: worker.phase === 'running',
        phase: worker.phase,
        whatsapp: { url: worker.whatsappUrl },
        store: { ...worker.storeHealth.view, encryption: worker.encryption.view },
        shipping: {
          ack: worker.auth.ack,
          lag: replica.lag(),
          paused: worker.backPressure.paused,
          forfeits: replica.forfeits(),
          wanted: replica.wanted(),
        },
        backend: worker.backend.health(),
        recovery: { ...worker.recovery, paused: worker.logins.pauses() },
        sessions: service.list(),
      }),

      ...recovering(worker, targets),

      'session.list': async () => ({ sessions: service.list() }),

      'session.show': async ({ session }) => {
        const runner = roster.known(session)
        const next = operations.next(session)
        const shown = {
          session: roster.view(runner),
          record: roster.record(session) ?? null,
          tried: [...runner.life.history],
          paused: worker.logins.pauses(),
          ...(next === undefined ? {} : { next }),
        }
        try {
          const owner = await replica.owner(session)
          if (owner === undefined) return { ...shown, owner: null, backups: 0 }
          const { backups, ...view } = owner
          return { ...shown, owner: view, backups: backups.length }
        } catch (error) {
          return { ...shown, owner: null, backups: 0, ownerError: toGatewayError(error).message }
        }
      },

      'session.create': async ({ id, name, phone }) => {
        // What is wrong from the start goes to the caller; what comes later shows in the state.
        await pairing.begin({ sessionId: id, ...given({ name, phone }) }, worker.stopping)
        return { id, state: roster.known(id).state }
      },

      'session.qr': async ({ session }) => ({
        state: roster.known(session).state,
        ...pairing.shown(session),
      }),

      'session.pair': async ({ session, ...request }, { emit }) => {
        const unsubscribe = worker.bus.on((event) => {
          if (event.type === 'session' && event.view.id === session) {
            emit({ type: 'state', state: event.view.state })
          }
        })
        try {
          const paired = await pairing.pair(
            { sessionId: session, ...request },
            emit,
            worker.stopping,
          )
          emit({ type: 'result', outcome: 'paired', ...paired })
        } finally {
          unsubscribe()
        }
      },

      'session.logout': async ({ session, confirm }) => {
        assertConfirmed(session, confirm)
        return { id: session, ...(await operations.logout(session)) }
      },

      'session.remove': async ({ session, confirm }) => {
        assertConfirmed(session, confirm)
        return { id: session, ...(await operations.remove(session)) }
      },

      'session.pause': async ({ session }) => {
        await operations.pause(session)
        return { session: roster.view(roster.known(session)) }
      },

      'session.resume': async ({ session }) => {
        await operations.resume(session)
        await service.recover([session], { signal: worker.stopping })
        return { session: roster.view(roster.known(session)) }
      },

      'session.send': async ({ session, to, text }) => {
        const jid = to.includes('@') ? to : `${to}@s.whatsapp.net`
        const sent = await roster.known(session).sendText(jid, text)
        worker.metrics.sent(sent.status)
        return sent
      },

      events: async ({ session }, { emit, signal }) => {
        const unsubscribe = worker.bus.on((event) => {
          if (event.type === 'pairing') return
          const about =
            event.type === 'message'
              ? event.sessionId
              : event.type === 'session'
                ? event.view.id
                : undefined
          if (session === undefined || about === session) emit(event)
        })
        try {
          await aborted(signal)
        } finally {
          unsubscribe()
        }
      },

      'recoveries.list': async ({ session, limit = 20 }) => ({
        runs: await worker.runs.list({ limit, ...given({ session }) }),
      }),

      'recoveries.show': async ({ run }) => {
        const found = await worker.runs.find(run === 'latest' ? undefined : run)
        if (found !== undefined) return found
        throw new GatewayError({
          code: 'recovery.unknown',
          subject: String(run),
          message: run === 'latest' ? 'there was no recovery yet' : `there is no recovery ${run}`,
          hint: 'run `wa-gateway recoveries list`',
        })
      },

      preserve: async (input, { emit }) => {
        const results = await store(targets(input), 'preserve', (one) =>
          emit({ type: 'preserved', ...one }),
        )
        emit({ type: 'end', results })
      },

      'backup.create': async (input, { emit }) => {
        const results = await store(targets(input), 'manual', (one) =>
          emit({ type: 'backup', ...one }),
        )
        emit({ type: 'end', results })
      },

      'backup.list': async ({ session }) => {
        const ids = session === undefined ? roster.ids() : [session]
        const queue = new PQueue({ concurrency: CONCURRENCY })
        const lists = await queue.addAll(ids.map((id) => () => replica.backups(id)))
        const backups = lists.flat()
        if (session !== undefined && backups.length === 0) roster.known(session)
        return { backups }
      },

      'backup.verify': async (input, { emit, signal }) => {
        const ended = AbortSignal.any([signal, worker.stopping])
        await verifyStored(worker, input, emit, ended)
      },

      'backup.key.list': async () => {
        const { keyring } = worker.encryption
        await keyring.refresh()
        return keyringView(keyring)
      },

      'backup.key.add': async () => {
        const { keyring } = worker.encryption
        await keyring.add()
        return keyringView(keyring)
      },

      'backup.key.rotate': async (input) => {
        const { keyring } = worker.encryption
        await keyring.rotate(given(input))
        return keyringView(keyring)
      },

      'backup.key.rewrap': async () => {
        const { keyring } = worker.encryption
        await keyring.rewrap()
        return keyringView(keyring)
      },

      'backup.restore': async ({ session, backup, confirm }) => {
        assertConfirmed(session, confirm)
        return { id: session, ...(await operations.restoreBackup(session, backup)) }
      },
    },
  }
}

function keyringView(keyring: Keyring): { keys: KeyInfo[]; lockedWith: string } {
  return { keys: keyring.list(), lockedWith: keyring.kek }
}

type Stored = Extract<Event<'preserve'>, { type: 'end' }>['results'][number]

async function storeOne(
  worker: WorkerState,
  sessionId: string,
  trigger: SnapshotTrigger,
): Promise<Stored> {
  const { replica, auth } = worker
  try {
    if (!replica.holds(sessionId)) {
      const local = auth.find(sessionId)
      const stored = local === undefined || local.seq <= local.storedSeq
      return { sessionId, stored, detail: 'not running here: nothing was written' }
    }
    let backup: BackupInfo | undefined
    if (trigger === 'manual') backup = await replica.fold(sessionId, trigger)
    else backup = await replica.foldIfNewer(sessionId, trigger)
    if (backup === undefined) return { sessionId, stored: true, detail: 'nothing had changed' }
    return { sessionId, stored: true, backup }
  } catch (error) {
    return { sessionId, stored: false, detail: toGatewayError(error).message }
  }
}

/** The entries of an object that are not undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
