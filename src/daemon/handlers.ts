import type { ControlHandlers } from '../control/handlers.ts'
import { PROTOCOL } from '../control/version.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { backingUp } from './backing-up.ts'
import { assertConfirmed } from './confirm.ts'
import { copying } from './copying.ts'
import { differing } from './differing.ts'
import { given } from '../session/given.ts'
import { keyringHandlers } from './keyring-handlers.ts'
import { drilling } from './drilling.ts'
import { fleetHandlers } from './fleet-handlers.ts'
import { listing } from './listing.ts'
import { logHandlers } from './log-handlers.ts'
import { pruning } from './pruning.ts'
import { recovering } from './recovering.ts'
import { restoring } from './restoring.ts'
import { reencrypting } from './reencrypting.ts'
import type { WorkerState } from './state.ts'
import { exportedName, transferring } from './transferring.ts'

/** What the daemon does for each method of the control API. */
export function createHandlers(worker: WorkerState): ControlHandlers {
  const { service, pairing, operations, replica } = worker
  const { roster } = service

  /** The sessions that a request means; throws `session.unknown` for one that isn't there. */
  const targets = (input: { sessions?: string[]; all?: boolean }): string[] => {
    if (input.all === true) return roster.ids()
    return (input.sessions ?? []).map((id) => roster.known(id).id)
  }

  return {
    health: (question) => worker.health(question),
    metrics: () => worker.metrics.scrape(),
    stopping: worker.stopping,
    methods: {
      'daemon.reload': async () => worker.reloading.run(),

      status: async ({ sessions }) => ({
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
        verify: worker.verifying.view(),
        ...given({ copy: worker.copying?.view(), fleet: worker.fleet?.view() }),
        sessions: sessions === 'none' ? [] : service.list(),
      }),

      ...recovering(worker, targets),
      ...transferring(worker),
      ...listing(worker),
      ...drilling(worker),
      ...fleetHandlers(worker),

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

      'session.forget': async ({ session, confirm }) => {
        assertConfirmed(session, confirm)
        const exportedAt = await worker.instants.read(exportedName(session))
        return { id: session, ...(await operations.forget(session, exportedAt)) }
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
                : event.type === 'finding'
                  ? event.finding.sessionId
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

      ...backingUp(worker, targets),
      ...restoring(worker),
      ...copying(worker),
      ...pruning(worker),
      ...differing(worker),
      ...keyringHandlers(worker),
      ...reencrypting(worker),
      ...logHandlers(worker),
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
