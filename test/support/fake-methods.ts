import type { MethodHandlers } from '../../src/control/handlers.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { RecoveryResult } from '../../src/session/report.ts'
import type { SessionView } from '../../src/session/state.ts'
import { daemonStatus } from './daemon-status.ts'
import { fakeLogs } from './fake-logs.ts'
import { fakeBackups } from './fake-backups.ts'
import { fakeCopies } from './fake-copies.ts'
import { fakeFleet } from './fake-fleet.ts'
import { fakePrunes } from './fake-prunes.ts'
import { fakeRecoveries } from './fake-recoveries.ts'
import { fakeTransfers } from './fake-transfers.ts'

export const VERSION = '0.1.0'
const AT = Date.UTC(2025, 5, 1, 12)

export function session(id: string, more: Partial<SessionView> = {}): SessionView {
  return { id, state: 'online', since: AT, messagesIn: 3, messagesOut: 4, ...more }
}

/** Every method of the control API over sessions that live in a map. */
export function fakeMethods(sessions: Map<string, SessionView>): MethodHandlers {
  const find = (id: string): SessionView => {
    const view = sessions.get(id)
    if (view) return view
    throw new GatewayError({
      code: 'session.unknown',
      subject: id,
      message: `there is no session '${id}'`,
      hint: 'see `wa-gateway session list`',
    })
  }
  const confirmed = (id: string, confirm: string) => {
    find(id)
    if (confirm !== id)
      throw new GatewayError({
        code: 'usage',
        message: `confirm must be '${id}'`,
        subject: 'confirm',
      })
  }
  const chosen = (input: { sessions?: string[]; all?: boolean }) =>
    (input.sessions ?? [...sessions.keys()]).map(find)
  const change = (id: string, state: SessionView['state']) => {
    const view = { ...find(id), state }
    sessions.set(id, view)
    return view
  }
  return {
    status: async ({ sessions: which }) =>
      daemonStatus({
        version: VERSION,
        worker: 'worker-one',
        pid: 4242,
        startedAt: AT,
        store: {
          label: 'folder /srv/objects',
          offHost: false,
          healthy: true,
          encryption: { kind: 'aes-256-gcm', keyId: 'a1'.repeat(8), keys: 2 },
        },
        verify: { intervalMs: 604_800_000, sessions: 2, verified: 1, damaged: ['ben'], lastAt: AT },
        copy: { store: 's3://whatsapp-copy', intervalMs: 3_600_000, completeAt: AT, nextAt: AT },
        recovery: {
          phase: 'done',
          total: 2,
          done: 2,
          recovered: 1,
          failed: 1,
          skipped: 0,
          paused: [],
        },
        sessions: which === 'none' ? [] : [...sessions.values()],
      }),
    ...fakeFleet,
    'daemon.reload': async () => ({
      file: '/etc/wa-gateway/config.yaml',
      applied: [
        {
          setting: 'LOG_LEVEL',
          key: 'log.level',
          from: 'info',
          to: 'debug',
          origin: 'file /etc/wa-gateway/config.yaml key log.level',
        },
      ],
      restart: [
        {
          setting: 'WORKER_ID',
          key: 'worker.id',
          from: 'worker-one',
          to: 'worker-two',
          origin: 'environment WORKER_ID',
          why: 'sessions are owned under it',
        },
      ],
      warnings: [],
    }),
    'session.list': async () => ({ sessions: [...sessions.values()] }),
    'session.show': async ({ session: id }) => {
      const view = find(id)
      return {
        session: view,
        record: {
          id,
          userId: null,
          name: view.name ?? null,
          phone: view.phone ?? null,
          desired: 'running',
          assignedBy: 'local',
          lastState: view.state,
          lastCause: view.cause ?? null,
          createdAt: AT,
          pairedAt: AT,
          lastOnlineAt: AT,
          lastActivityAt: null,
        },
        owner: {
          epoch: 2,
          worker: 'worker-one',
          boot: 'b0'.repeat(16),
          released: false,
          removed: false,
          seq: 40,
          hash: 'ab'.repeat(32),
          mine: true,
        },
        tried: [],
        paused: [],
        backups: 1,
        ...(view.cause && { next: `run \`wa-gateway session pair ${id}\`` }),
      }
    },
    'recover.plan': async ({ sessions: ids = [...sessions.keys()] }) => ({
      plans: ids.map((sessionId) => {
        const { state, cause } = find(sessionId)
        if (state === 'online') return { sessionId, action: 'nothing', why: 'it is online' }
        return { sessionId, action: 'refuse', why: 'it was unlinked', ...(cause && { cause }) }
      }),
    }),
    'session.create': async ({ id }) => {
      sessions.set(id, session(id, { state: 'pairing' }))
      return { id, state: 'pairing' }
    },
    'session.qr': async ({ session: id }) => ({ state: find(id).state, qr: '2@first' }),
    'session.pair': async ({ session: id, phone }, { emit }) => {
      emit({ type: 'state', state: 'pairing' })
      if (phone === undefined) {
        emit({ type: 'qr', qr: '2@first' })
        emit({ type: 'qr', qr: '2@second', expiresAt: AT + 20_000 })
      } else emit({ type: 'code', code: 'ABCD1234' })
      sessions.set(id, session(id, { phone: phone ?? '491709999999' }))
      emit({ type: 'state', state: 'online' })
      emit({ type: 'result', outcome: 'paired', phone: phone ?? '491709999999' })
    },
    'session.logout': async ({ session: id, confirm }) => {
      confirmed(id, confirm)
      change(id, 'needs-pairing')
      return { id, unlinked: true }
    },
    'session.forget': async ({ session: id, confirm }) => {
      confirmed(id, confirm)
      sessions.delete(id)
      const setAside = { deleted: [], stayed: [] }
      return { id, snapshots: 3, bytes: 3_072, logUntil: AT, setAside }
    },
    'session.remove': async ({ session: id, confirm }) => {
      confirmed(id, confirm)
      sessions.delete(id)
      const stayed = [
        { path: '/state/quarantine/state-1.db', why: 'it also holds 1 other session' },
      ]
      return {
        id,
        unlinked: false,
        detail: 'it was not online',
        snapshots: 3,
        bytes: 3_072,
        logUntil: AT,
        setAside: { deleted: ['/state/quarantine/ben-1.db'], stayed },
      }
    },
    'session.pause': async ({ session: id }) => ({ session: change(id, 'closed') }),
    'session.resume': async ({ session: id }) => ({ session: change(id, 'queued') }),
    'session.send': async ({ session: id }) => {
      if (find(id).state !== 'online')
        throw new GatewayError({ code: 'session.not-online', message: `${id} is not online` })
      return { messageId: '3EB0AA', status: 'sent' }
    },
    events: async ({ session: only }, { emit, signal }) => {
      for (const view of sessions.values())
        if (only === undefined || view.id === only) emit({ type: 'session', view })
      await new Promise((left) => signal.addEventListener('abort', left, { once: true }))
    },
    recover: async (input, { emit }) => {
      const views = chosen(input)
      emit({ type: 'begin', total: views.length })
      const results = views.map(recovered)
      results.forEach((result, n) =>
        emit({ type: 'settled', result, done: n + 1, total: views.length }),
      )
      emit({ type: 'end', results })
    },
    ...fakeRecoveries,
    ...fakeLogs,
    ...fakeTransfers(sessions),
    ...fakeBackups(sessions, { chosen, confirmed }),
    ...fakeCopies(),
    ...fakePrunes(),
  }
}

function recovered({ id, state }: SessionView): RecoveryResult {
  const durations = { restore: 120, connect: 900, total: 1_020 }
  if (state === 'online')
    return {
      sessionId: id,
      outcome: 'recovered',
      route: 'warm',
      attempts: 1,
      durations,
      recoveredAt: AT,
    }
  const detail = 'the phone unlinked this device'
  return { sessionId: id, outcome: 'failed', cause: 'logged-out', detail, attempts: 1, durations }
}
