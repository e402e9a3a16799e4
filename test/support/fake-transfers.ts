import { encodeValue } from '../../src/authstate/codec.ts'
import { packEntriesPlain } from '../../src/authstate/packed.ts'
import type { MethodHandlers } from '../../src/control/handlers.ts'
import type { SessionView } from '../../src/session/state.ts'

/** As little of an account as is one. */
const STATE = Buffer.from(
  packEntriesPlain([{ type: 'creds', id: '', value: encodeValue({ registrationId: 1 }) }]),
).toString('base64')

/** Moving accounts in and out, of sessions in a map. */
export function fakeTransfers(
  sessions: ReadonlyMap<string, SessionView>,
): Pick<MethodHandlers, 'session.import' | 'session.export'> {
  return {
    'session.import': async ({ session }) =>
      sessions.has(session)
        ? { admission: { outcome: 'present', seq: 1 } }
        : { admission: { outcome: 'imported', epoch: 1, seq: 1, keys: 3 } },
    'session.export': async ({ session }) => {
      const at = { seq: 1, hash: '0'.repeat(64), keys: 3, at: 0 }
      return { session, worker: 'w1', ...at, online: true, state: STATE }
    },
  }
}
