import { decodeValue } from '../authstate/codec.ts'
import type { SessionImage } from '../authstate/port.ts'
import type { Input, Result } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { GatewayError } from '../session/errors.ts'
import { diffStates, shortenId, whatGoingBackBreaks } from '../session/state-diff.ts'
import type { WorkerState } from './state.ts'

type Side = Result<'backup.diff'>['a']

/** What the control API calls to compare two states of a session. */
export function differing(worker: WorkerState): Pick<MethodHandlers, 'backup.diff'> {
  return {
    'backup.diff': async ({ session, a, b, keys = false, full = false }) => {
      const [from, to] = await Promise.all([
        stateOf(worker, session, a),
        stateOf(worker, session, b),
      ])
      const diff = diffStates(from.image.entries, to.image.entries, fieldsOf)
      const ids = (all: string[]): string[] => (full ? all : all.map(shortenId)).toSorted()
      return {
        session,
        a: from.side,
        b: to.side,
        types: diff.types.map(({ type, same, added, removed, changed }) => ({
          type,
          same,
          added: added.length,
          removed: removed.length,
          changed: changed.length,
          ...(keys && {
            ids: { added: ids(added), removed: ids(removed), changed: ids(changed) },
          }),
        })),
        creds: diff.creds,
        breaks: whatGoingBackBreaks(diff),
      }
    },
  }
}

async function stateOf(
  { auth, replica }: WorkerState,
  session: string,
  which: Input<'backup.diff'>['a'],
): Promise<{ side: Side; image: SessionImage }> {
  if (typeof which === 'object') {
    const image = await replica.readMoment(session, which.at)
    const id = `@${new Date(which.at).toISOString()}`
    return { side: { id, seq: image.seq, at: which.at }, image }
  }
  if (which === 'now') {
    if (auth.find(session) === undefined) throw notHere(session)
    const image = await auth.image(session)
    return { side: { id: 'now', seq: image.seq, at: Date.now() }, image }
  }
  const { info, image } = await replica.readBackup(session, which)
  const { id, seq, createdAt, epoch } = info
  return { side: { id, seq, epoch, at: createdAt }, image }
}

/** The fields of encoded creds. */
export function fieldsOf(creds: Uint8Array): Record<string, unknown> {
  const value = decodeValue(creds)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function notHere(session: string): GatewayError {
  return new GatewayError({
    code: 'session.unknown',
    subject: session,
    message: `this worker has no state of '${session}'`,
    hint: 'ask the worker that runs it, or compare backups',
  })
}
