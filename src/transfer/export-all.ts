import PQueue from 'p-queue'
import { unpackEntries } from '../authstate/packed.ts'
import type { Entry } from '../authstate/port.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { ExportFolder, type ExportFormat, type Piece } from './export-folder.ts'
import { oneWay, stateFiles, unwritable } from './multi-file.ts'
import { encodePortable, type MasterKey } from './portable.ts'
import { PORTABLE_END } from './portable-source.ts'

/** The state of one session, as the daemon hands it out. */
export interface HandedOut {
  session: string
  worker: string
  seq: number
  hash: string
  keys: number
  /** Milliseconds since the epoch: when it was the newest. */
  at: number
  /** It runs, and will go on from here. */
  online: boolean
  /** As src/authstate/packed.ts packs it, in base64. */
  state: string
}

/** What became of one session. */
export interface ExportedSession {
  session: string
  /** `present`: this very state lies there already. `failed`: run it again. */
  outcome: 'exported' | 'present' | 'skipped' | 'failed'
  path?: string
  seq?: number
  keys?: number
  at?: number
  online?: boolean
  detail?: string
  todo?: string
}

export interface ExportOptions {
  folder: string
  format: ExportFormat
  /** For portable files. */
  masterKey?: () => Promise<MasterKey>
  signal: AbortSignal
}

/** So many sessions are in memory at a time. */
const LANES = 4

/**
 * Writes the states of sessions to a folder, each whole or not at all. What lies there is never
 * replaced: another program may have gone on with it.
 */
export async function exportAll(
  sessions: readonly string[],
  handOut: (session: string) => Promise<HandedOut>,
  onResult: (result: ExportedSession) => void,
  options: ExportOptions,
): Promise<ExportedSession[]> {
  const folder = await ExportFolder.open(options.folder, options.format)
  const queue = new PQueue({ concurrency: LANES })
  return queue.addAll(
    sessions.map((session) => async () => {
      options.signal.throwIfAborted()
      const result = await exportOne(session, handOut, folder, options)
      onResult(result)
      return result
    }),
  )
}

async function exportOne(
  session: string,
  handOut: (session: string) => Promise<HandedOut>,
  folder: ExportFolder,
  options: ExportOptions,
): Promise<ExportedSession> {
  const name = options.format === 'portable' ? `${session}${PORTABLE_END}` : session
  const path = `${folder.path}/${name}`
  try {
    const { state, ...handed } = await handOut(session)
    const { seq, hash, at, keys, online } = handed
    const there = await folder.find(session, name)
    if (there !== undefined) {
      if (there !== 'unknown' && there.seq === seq && there.hash === hash)
        return { session, outcome: 'present', path, seq, keys, at: there.at, online }
      const detail = `another state of it lies at ${path}`
      const todo = 'export it to a new folder: what lies there may be in use'
      return { session, outcome: 'skipped', detail, todo }
    }
    const entries = await unpackEntries(Buffer.from(state, 'base64'))
    const piece = await pieceOf(name, handed, entries, options)
    await folder.put(session, piece, { seq, hash, at })
    const lossy = piece.kind === 'folder' ? oneWay(entries) : 0
    const detail = `${lossy} of its files have names that this program cannot read back`
    const note = lossy > 0 ? { detail } : {}
    return { session, outcome: 'exported', path, seq, keys, at, online, ...note }
  } catch (thrown) {
    options.signal.throwIfAborted()
    const error = toGatewayError(thrown)
    if (error.code === 'daemon.unreachable') throw error
    const { message: detail, hint: todo } = error
    return { session, outcome: 'failed', detail, ...(todo !== undefined && { todo }) }
  }
}

async function pieceOf(
  name: string,
  { session, worker, seq, hash, at }: Omit<HandedOut, 'state'>,
  entries: readonly Entry[],
  { masterKey }: ExportOptions,
): Promise<Piece> {
  if (masterKey !== undefined) {
    const about = { session, worker, seq, hash, at }
    return { kind: 'file', name, bytes: await encodePortable(about, entries, await masterKey()) }
  }
  const fault = unwritable(entries)
  if (fault !== undefined)
    throw new GatewayError({
      code: 'usage',
      subject: session,
      message: fault,
      hint: 'export it with --format portable',
    })
  return { kind: 'folder', name, files: stateFiles(entries) }
}
