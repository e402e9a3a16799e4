import PQueue from 'p-queue'
import type { Result } from '../control/api.ts'
import type { MethodHandlers } from '../control/handlers.ts'
import { findBackup } from '../replica/backup-name.ts'
import { ownerName, snapshotName } from '../replica/names.ts'
import type { BackupInfo } from '../replica/port.ts'
import type { VerifiedBackup } from '../registry/port.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { credsFacts, keysByType } from './backup-facts.ts'
import type { WorkerState } from './state.ts'

/** Owner records that are read at the same time; it hides the store's latency. */
const CONCURRENCY = 32

type Listed = Result<'backup.list'>
type Backup = Listed['backups'][number]

/** What the control API calls to look at backups. */
export function listing(worker: WorkerState): Pick<MethodHandlers, 'backup.list' | 'backup.show'> {
  const { service, replica, verifications } = worker
  const { roster } = service

  return {
    'backup.list': async ({ session, everywhere }) => {
      const ids = session === undefined ? await idsOf(worker, everywhere === true) : [session]
      const [{ found, unread }, verified] = await Promise.all([
        readAll(worker, ids),
        verifications.backups(session),
      ])
      if (session !== undefined && found.length === 0) {
        const [trouble] = unread
        if (trouble !== undefined) throw trouble.error
        roster.known(session)
      }
      return {
        backups: withVerified(found, verified),
        unread: unread.map(({ sessionId, error }) => ({ sessionId, detail: error.message })),
      }
    },

    'backup.show': async ({ backup: word, session }) => {
      const sessionId = session ?? (await sessionWith(worker, word))
      const owner = await replica.owner(sessionId)
      if (owner === undefined) roster.known(sessionId)
      const found = findBackup(owner?.backups ?? [], sessionId, word)
      const [backup] = withVerified([found], await verifications.backups(sessionId))
      const { epoch = 0, worker: name = '', seq = 0, released = false, exactSince } = owner ?? {}
      const object = snapshotName(sessionId, found.epoch, found.seq)
      return {
        backup: backup ?? found,
        owner: { worker: name, epoch, seq, released },
        objects: [
          { name: object, size: found.size, what: 'the snapshot' },
          { name: ownerName(sessionId), what: 'the owner record, which names it' },
        ],
        undoes: {
          changes: Math.max(0, seq - found.seq),
          ms: Math.max(0, Date.now() - found.createdAt),
        },
        ...(exactSince !== undefined && { exactSince }),
        ...(await contentOf(worker, sessionId, found.id)),
      }
    },
  }
}

type Content = Pick<Result<'backup.show'>, 'damage' | 'keys' | 'creds' | 'doubts'>

async function contentOf(
  { replica, auth }: WorkerState,
  sessionId: string,
  id: string,
): Promise<Content> {
  try {
    const { image } = await replica.readBackup(sessionId, id)
    const { entries, packed } = image
    const keys = keysByType(entries)
    const faults = auth.faults(entries, { linked: true })
    const doubts = packed === undefined ? [] : (await auth.inspect(new Uint8Array(packed))).doubts
    return {
      keys,
      creds: credsFacts(entries),
      ...(faults.length > 0 && { damage: faults.join('; ') }),
      doubts: doubts.map(({ what, means }) => `${what}; ${means}`),
    }
  } catch (error) {
    const { code, message } = toGatewayError(error)
    if (code === 'replica.damaged' || code === 'replica.no-key') return { damage: message }
    throw error
  }
}

/** Without a session the backup must be the only one of this id or name. */
async function sessionWith(worker: WorkerState, word: string): Promise<string> {
  const { found } = await readAll(worker, await idsOf(worker, false))
  const [first, ...others] = found.filter(({ id, name }) => id === word || name === word)
  if (first === undefined)
    throw new GatewayError({
      code: 'replica.missing',
      subject: word,
      message: `no session of this worker has a backup '${word}'`,
      hint: 'run `wa-gateway backup list`',
    })
  if (others.length === 0) return first.sessionId
  const ids = [first, ...others].map((one) => one.sessionId)
  throw new GatewayError({
    code: 'usage',
    subject: word,
    message: `several sessions have a backup '${word}': ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`,
    hint: 'say which one with --session',
  })
}

async function idsOf({ service, replica }: WorkerState, everywhere: boolean): Promise<string[]> {
  const here = service.roster.ids()
  if (!everywhere) return here
  return [...new Set([...here, ...(await replica.stored())])].toSorted()
}

interface ReadAll {
  found: BackupInfo[]
  unread: { sessionId: string; error: GatewayError }[]
}

/** One session's damage does not hide the others. */
async function readAll({ replica }: WorkerState, ids: readonly string[]): Promise<ReadAll> {
  const queue = new PQueue({ concurrency: CONCURRENCY })
  const unread: ReadAll['unread'] = []
  const lists = await queue.addAll(
    ids.map((sessionId) => async () => {
      try {
        return await replica.backups(sessionId)
      } catch (thrown) {
        const error = toGatewayError(thrown)
        // What is away is away for all of them.
        if (error.code.startsWith('store.')) throw error
        unread.push({ sessionId, error })
        return []
      }
    }),
  )
  return { found: lists.flat(), unread }
}

function withVerified(
  backups: readonly BackupInfo[],
  verified: readonly VerifiedBackup[],
): Backup[] {
  const keyOf = (session: string, id: string): string => `${session}\0${id}`
  const known = new Map(verified.map((one) => [keyOf(one.session, one.backup), one]))
  return backups.map((backup) => {
    const found = known.get(keyOf(backup.sessionId, backup.id))
    return found === undefined
      ? backup
      : { ...backup, verified: { at: found.at, sound: found.sound } }
  })
}
