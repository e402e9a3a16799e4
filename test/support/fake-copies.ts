import type { Input } from '../../src/control/api.ts'
import type { MethodHandlers } from '../../src/control/handlers.ts'

const AT = Date.UTC(2025, 5, 1, 12)

/** Copies of two sessions; where the store's name says `used`, one was taken up there. */
export function fakeCopies(): Pick<
  MethodHandlers,
  'backup.copy' | 'backup.diff' | 'backup.key.reencrypt' | 'backup.key.remove'
> {
  return {
    'backup.copy': async ({ store }, { emit }) => {
      const used = store.endsWith('used') ? 1 : 0
      emit({ type: 'progress', done: 0, total: 2 })
      emit({ type: 'session', sessionId: 'anna', outcome: 'copied', epoch: 2, seq: 40 })
      emit({ type: 'session', sessionId: 'ben', outcome: used ? 'used' : 'same', epoch: 2, seq: 9 })
      const none = { newer: 0, failed: 0, pruned: 0 }
      const moved = { objects: 3, bytes: 2_048, at: AT }
      const summary = { sessions: 2, copied: 1, same: 1 - used, used, ...none, ...moved }
      emit({ type: 'end', summary })
    },
    'backup.diff': async ({ session, a, b, keys }) => ({
      session,
      a: sideOf(a, 40),
      b: sideOf(b, 44),
      types: [
        {
          type: 'session',
          same: 7,
          added: 1,
          removed: 0,
          changed: 2,
          ...(keys && {
            ids: { added: ['491…67.0'], removed: [], changed: ['491…68.0', '491…69.0'] },
          }),
        },
        { type: 'pre-key', same: 812, added: 0, removed: 0, changed: 0 },
      ],
      creds: ['nextPreKeyId'],
      breaks: ['the sessions of 2 contacts moved on'],
    }),
    'backup.key.reencrypt': async (_, { emit }) => {
      emit({ type: 'progress', what: 'objects', done: 0, total: 9 })
      emit({ type: 'failed', object: 'v1/sessions/ben/owner', detail: 'it is damaged' })
      const counts = { objects: 9, rewritten: 7, current: 1, failed: 1, bytes: 1_024 }
      emit({ type: 'end', summary: { key: 'a1'.repeat(8), ...counts } })
    },
    'backup.key.remove': async (_, { emit }) => {
      emit({ type: 'progress', what: 'objects', done: 9, total: 9 })
      const keys = [{ id: 'a1'.repeat(8), state: 'active' as const, createdAt: AT }]
      emit({ type: 'end', keys, lockedWith: 'c3'.repeat(8) })
    },
  }
}

function sideOf(which: Input<'backup.diff'>['a'], seq: number) {
  if (typeof which === 'string')
    return { id: which, seq, at: AT, ...(which !== 'now' && { epoch: 2 }) }
  return { id: `@${new Date(which.at).toISOString()}`, seq, at: which.at }
}
