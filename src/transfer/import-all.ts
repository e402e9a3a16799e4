import PQueue from 'p-queue'
import { giveBack } from '../authstate/give-back.ts'
import { packRaw } from '../authstate/packed.ts'
import type { Entry } from '../authstate/port.ts'
import { packWrites } from '../authstate/writes.ts'
import { GatewayError, toGatewayError, type ErrorCode } from '../session/errors.ts'
import { isSessionId } from '../session/ids.ts'
import type { Admission, Obstacle } from '../session/moving-in.ts'
import { judge } from './judge-found.ts'
import type { Source, SourceSession } from './source.ts'

/** What became of one session. */
export interface Imported {
  session: string
  /** Where it came from, for people. */
  place: string
  /** `failed`: trouble that has nothing to do with the session; run it again. */
  outcome: 'imported' | 'present' | 'skipped' | 'failed'
  why?: Obstacle
  detail?: string
  todo?: string
  keys?: number
  /** What a person should know of it, and what was left out. */
  notes: string[]
}

export interface ImportOptions {
  /** The session's name here; only for a source with one session. */
  as?: string
  /** Begins the name of every session here. */
  prefix?: string
  /** Import also what stock Baileys would open, and this program calls damaged. */
  despiteDamage?: boolean
  signal: AbortSignal
}

/** Gives the daemon a session's values, as packed.ts packs them, in base64. */
export type Admit = (session: string, state: string) => Promise<Admission>

/** So many sessions are in memory at a time, the next being read while others are taken. */
const LANES = 4

/** Trouble that every further session would meet too. */
const HOPELESS = new Set<ErrorCode>([
  'daemon.unreachable',
  'daemon.permission',
  'daemon.protocol',
  'interrupted',
  'operation.timeout',
  'session.limit',
  'store.denied',
  'store.no-bucket',
  'store.gone',
  'store.unavailable',
  'usage',
])

/**
 * Moves the sessions of a source in, a few at a time; each is told of as soon as it is settled. A
 * failure of one does not stop the others, unless all would meet it: then it is thrown, and running
 * the same again goes on.
 */
export async function importAll(
  source: Source,
  admit: Admit,
  onResult: (result: Imported) => void,
  options: ImportOptions,
): Promise<Imported[]> {
  const results: Imported[] = []
  const names = new Map<string, string>()
  const stop = new AbortController()
  const signal = AbortSignal.any([options.signal, stop.signal])
  const queue = new PQueue({ concurrency: LANES })
  const settle = (result: Imported) => {
    results.push(result)
    onResult(result)
  }
  let hopeless: GatewayError | undefined
  const work = async (session: SourceSession): Promise<void> => {
    if (signal.aborted) return
    try {
      settle(await importOne(session, admit, names, { ...options, signal }))
    } catch (thrown) {
      const error = toGatewayError(thrown)
      if (signal.aborted) return
      if (!HOPELESS.has(error.code)) return settle(failed(session, error))
      hopeless = error
      stop.abort(error)
    }
  }
  try {
    for await (const session of source.sessions(signal)) {
      await queue.onSizeLessThan(LANES)
      signal.throwIfAborted()
      if (options.as !== undefined && names.size > 0) throw severalNamed(options.as)
      void queue.add(() => work(session))
      // A name for all would be given twice: whether there are several is known at the second.
      if (options.as !== undefined) await queue.onIdle()
    }
    await queue.onIdle()
  } catch (error) {
    stop.abort(error)
    await queue.onIdle()
    throw hopeless ?? error
  }
  if (hopeless !== undefined) throw hopeless
  options.signal.throwIfAborted()
  return results
}

async function importOne(
  from: SourceSession,
  admit: Admit,
  names: Map<string, string>,
  { as, prefix = '', despiteDamage = false, signal }: ImportOptions,
): Promise<Imported> {
  const { place } = from
  const found = await from.read(signal)
  const own = found.kind === 'state' ? (found.session ?? from.id) : from.id
  const session = as ?? `${prefix}${own}`
  const skip = (why: Obstacle, detail: string, todo: string, notes: string[] = []): Imported => {
    return { session, place, outcome: 'skipped', why, detail, todo, notes }
  }
  if (!isSessionId(session))
    return skip('bad-id', `'${session}' is not a name for a session`, 'import it alone, with --as')
  const other = names.get(session)
  if (other !== undefined)
    return skip('duplicate', `${other} has the same name`, 'import one of them alone, with --as')
  names.set(session, place)
  const judged = judge(found, despiteDamage)
  if (judged.kind === 'skip') return skip(judged.why, judged.detail, judged.todo, judged.notes)
  const { notes } = judged
  const admission = await admit(session, await textOf(judged.entries))
  if (admission.outcome === 'skipped') return { session, place, ...admission, notes }
  if (admission.outcome === 'present') return { session, place, outcome: 'present', notes }
  return { session, place, outcome: 'imported', keys: admission.keys, notes }
}

/** A state as it is handed over. Much of it may be in memory, so nothing is kept that it was made of. */
async function textOf(entries: Entry[]): Promise<string> {
  const raw = packWrites(entries)
  entries.length = 0
  const packed = await packRaw(raw)
  const { buffer, byteOffset, byteLength } = packed
  const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  giveBack(packed)
  return text
}

function failed({ id, place }: SourceSession, error: GatewayError): Imported {
  const { message: detail, hint = 'run this again' } = error
  return { session: id, place, outcome: 'failed', detail, todo: hint, notes: [] }
}

function severalNamed(as: string): GatewayError {
  return new GatewayError({
    code: 'usage',
    subject: as,
    message: 'there are several sessions, and --as names one',
    hint: 'name the folder of the one session, or use --prefix',
  })
}
