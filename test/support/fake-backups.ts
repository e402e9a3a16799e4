import type { MethodHandlers } from '../../src/control/handlers.ts'
import { GatewayError } from '../../src/session/errors.ts'
import type { SessionView } from '../../src/session/state.ts'

const AT = Date.UTC(2025, 5, 1, 12)

type Methods = Pick<
  MethodHandlers,
  | 'preserve'
  | 'backup.create'
  | 'backup.list'
  | 'backup.show'
  | 'backup.verify'
  | 'backup.drill'
  | 'backup.restore'
  | 'backup.restore.plan'
  | 'backup.key.list'
  | 'backup.key.add'
  | 'backup.key.rotate'
  | 'backup.key.rewrap'
>

/** Each of the sessions has one backup, 2-40; what is stored of `ben` is damaged. */
export function fakeBackups(
  sessions: Map<string, SessionView>,
  {
    chosen,
    confirmed,
  }: {
    chosen: (input: { sessions?: string[]; all?: boolean }) => SessionView[]
    confirmed: (id: string, confirm: string) => void
  },
): Methods {
  return {
    'backup.key.list': async () => keyring(),
    'backup.key.add': async () => keyring('distributed'),
    'backup.key.rotate': async () => keyring('retired'),
    'backup.key.rewrap': async () => keyring(),
    preserve: async (input, { emit }) => {
      const results = chosen(input).map(stored)
      for (const result of results) emit({ type: 'preserved', ...result })
      emit({ type: 'end', results })
    },
    'backup.create': async (input, { emit }) => {
      const results = chosen(input).map(stored)
      for (const result of results) emit({ type: 'backup', ...result })
      emit({ type: 'end', results })
    },
    'backup.list': async ({ session: only }) => ({
      backups: [...sessions.keys()].filter((id) => only === undefined || id === only).map(backup),
      unread: [],
    }),
    'backup.drill': async ({ sessions: only = [...sessions.keys()] }, { emit }) => {
      for (const sessionId of only)
        emit({ type: 'session', result: { sessionId, outcome: 'restored', proof: 'disk' } })
      const none = {
        failed: 0,
        nothing: 0,
        skipped: 0,
        loggedIn: 0,
        exchanged: 0,
        bytes: 0,
        tookMs: 12,
      }
      emit({
        type: 'end',
        summary: {
          ...none,
          sessions: only.length,
          restored: only.length,
          restoreMs: { p50: 4, p95: 5, max: 5 },
          rto: { sessions: only.length, restoreMs: 5, totalMs: 2_005 },
          rpo: {
            ack: 'local',
            offHost: true,
            changes: 0,
            oldestMs: 0,
            behind: [],
            neverStored: [],
          },
          atRisk: [],
        },
      })
    },
    'backup.show': async ({ session: id = 'anna' }) => ({
      backup: { ...backup(id), verified: { at: AT, sound: true } },
      owner: { worker: 'worker-one', epoch: 2, seq: 45, released: false },
      objects: [{ name: `v1/sessions/${id}/owner`, size: 0, what: 'the owner record' }],
      undoes: { changes: 5, ms: 60_000 },
      exactSince: AT - 259_200_000,
      keys: [{ type: 'pre-key', count: 812, bytes: 60_000 }],
      creds: { linked: true, phone: '…567' },
      doubts: [],
    }),
    'backup.verify': async (input, { emit }) => {
      const counts = { sessions: 0, parts: 0, sound: 0, damaged: 0, nothing: 0, unread: 0 }
      const summary = { ...counts, whole: 0, findings: 0, warnings: 0 }
      for (const { id: sessionId } of chosen(input)) {
        const bad = sessionId === 'ben'
        const check = {
          kind: 'session' as const,
          sessionId,
          epoch: 2,
          seq: 40,
          backups: 2,
          slots: 3,
          read: [{ id: '2-40', sound: !bad }],
        }
        const findings = bad ? [damage(sessionId)] : []
        summary.sessions++
        summary.whole++
        summary[bad ? 'damaged' : 'sound']++
        summary.findings += findings.length
        emit({
          type: 'checked',
          check: { ...check, outcome: bad ? 'damaged' : 'sound', findings },
        })
      }
      emit({ type: 'end', summary })
    },
    'backup.restore.plan': async ({ session, backup: from, at, undo }) => {
      if (from === '9-9') throw noBackup(session, from)
      const base = { ...backup(session), newest: false }
      return {
        sessionId: session,
        state: 'stopped',
        base,
        replayed: at === undefined ? 0 : 3,
        reached: { seq: at === undefined ? 40 : 43, changedAt: at ?? AT },
        present: { seq: 50, changedAt: AT + 3_600_000 },
        undone: { changes: at === undefined ? 10 : 7, ms: 3_600_000 },
        breaks: undo === true ? [] : ['the sessions of 2 contacts moved on'],
        keeps: {},
        exactSince: AT - 259_200_000,
      }
    },
    'backup.restore': async ({ session: id, backup: from, confirm }) => {
      confirmed(id, confirm)
      if (from === '9-9') throw noBackup(id, from)
      return { id, epoch: 3, seq: 51, replaced: backup(id) }
    },
  }
}

const stored = ({ id, state }: SessionView) =>
  state === 'online'
    ? { sessionId: id, stored: true, backup: backup(id) }
    : { sessionId: id, stored: false, detail: 'it is not running' }
const backup = (sessionId: string) => ({
  id: '2-40',
  sessionId,
  epoch: 2,
  seq: 40,
  hash: 'ab'.repeat(32),
  createdAt: AT,
  changedAt: AT,
  size: 48_213,
  keys: 812,
  trigger: 'manual' as const,
  newest: true,
})
const damage = (sessionId: string) => {
  const object = `v1/sessions/${sessionId}/owner`
  const what = `the owner record of session '${sessionId}' is damaged (${object})`
  return { severity: 'recovery' as const, object, sessionId, what, todo: 'put it back' }
}
const keyring = (more?: 'distributed' | 'retired') => ({
  keys: [
    { id: 'a1'.repeat(8), state: 'active' as const, createdAt: AT },
    ...(more === undefined ? [] : [{ id: 'b2'.repeat(8), state: more, createdAt: AT }]),
  ],
  lockedWith: 'c3'.repeat(8),
})

function noBackup(id: string, from: string): GatewayError {
  return new GatewayError({ code: 'replica.missing', message: `${id} has no backup ${from}` })
}
