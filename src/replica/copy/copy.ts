import PQueue from 'p-queue'
import { GatewayError, toGatewayError } from '../../session/errors.ts'
import { isSessionId } from '../../session/ids.ts'
import type { ObjectStore } from '../../store/port.ts'
import { systemClock, type Clock } from '../clock.ts'
import type { NamedKey } from '../crypto/key.ts'
import { encryptingSealer } from '../crypto/sealer.ts'
import { SESSIONS } from '../names.ts'
import { plainSealer } from '../sealer.ts'
import { SWAP_TIMING, type SwapTiming } from '../swap.ts'
import { LogCopier } from './logs.ts'
import { pruneLog, pruneSession } from './prune.ts'
import { keysOf, putRing, readRing, ringFor, ringThere } from './rings.ts'
import { copySession, type CopiedSession } from './session.ts'
import type { CopyContext, Site } from './site.ts'

/** Sessions that are copied at the same time where nothing else is said. */
const CONCURRENCY = 8

export interface CopyRequest {
  /** The worker's own store, and the other one. */
  own: Site
  other: ObjectStore
  direction: 'to' | 'from'
  /** The key-encryption keys of the worker; none where what it stores is plain. */
  keks: readonly NamedKey[]
  /** Whether encrypted stores may take over what another store has unencrypted. */
  acceptPlaintext?: boolean
  /** Default: every session that the source has. */
  sessionIds?: readonly string[]
  /** Deletes at the destination what its records do not name. */
  prune?: boolean
  /** Sessions at a time. */
  concurrency?: number
  /** Awaited before each session, for what has to wait for others; resolves when it is aborted. */
  turn?: (signal: AbortSignal | undefined) => Promise<void>
  signal?: AbortSignal
  clock?: Clock
  timing?: SwapTiming
}

/** What became of one session. `failed`: `detail` says why; an earlier copy is as it was. */
export type SessionCopy = { sessionId: string; detail?: string } & (
  | CopiedSession
  | { outcome: 'failed'; code: GatewayError['code'] }
)

export interface CopySummary {
  sessions: number
  copied: number
  same: number
  newer: number
  used: number
  failed: number
  /** Objects and bytes that were put, and objects that were deleted. */
  objects: number
  bytes: number
  pruned: number
  /** When it began: what was stored by then is in the copy. Milliseconds since the epoch. */
  at: number
}

export interface CopyListener {
  onTotal(sessions: number): void
  onPut(bytes: number): void
  onSession(session: SessionCopy): void
}

/**
 * Copies what it takes to recover sessions, and to go back with them, from one store to another: the
 * keyring, snapshots, logs, and owner records last. Takes no epoch and places no fence, so owners go
 * on writing. Only what is missing is put, and a run that is cut short leaves whole copies of some
 * sessions and earlier ones of others: run it again. Never older over newer (lineage.ts).
 */
export async function copyStore(
  request: CopyRequest,
  listener: CopyListener,
): Promise<CopySummary> {
  const { direction, clock = systemClock, concurrency = CONCURRENCY, signal } = request
  const summary = emptySummary(clock.wall())
  const ids = await sessionsOf(request)
  const { context, finish } = await prepare(request, (bytes) => {
    summary.objects++
    summary.bytes += bytes
    listener.onPut(bytes)
  })
  listener.onTotal(ids.length)
  const logs = new LogCopier(context)
  const queue = new PQueue({ concurrency })
  const failed = new AbortController()
  for (const sessionId of ids) {
    await queue.onSizeLessThan(1)
    if (failed.signal.aborted) break
    await request.turn?.(signal)
    if (signal?.aborted === true) break
    queue
      .add(async () => {
        const copy = lostOr(await copyOne(context, logs, sessionId), request)
        if (request.prune === true && isThere(copy))
          summary.pruned += await pruneSession(context, sessionId)
        summary.sessions++
        if (copy.outcome !== 'nothing') summary[copy.outcome]++
        listener.onSession(copy)
      })
      .catch((error: unknown) => failed.abort(error))
  }
  await queue.onIdle()
  failed.signal.throwIfAborted()
  signal?.throwIfAborted()
  const { failed: without, used, newer } = summary
  const whole = request.sessionIds === undefined && without + used + newer === 0
  if (!whole) return summary
  await finish()
  if (request.prune === true && direction === 'to')
    for (const { boot, low } of await logs.settle())
      summary.pruned += await pruneLog(context, boot, low)
  return summary
}

function emptySummary(at: number): CopySummary {
  const outcomes = { sessions: 0, copied: 0, same: 0, newer: 0, used: 0, failed: 0 }
  return { ...outcomes, objects: 0, bytes: 0, pruned: 0, at }
}

/** What the first store has; and what the copy has, so that what the first has lost is noticed. */
async function sessionsOf({
  own,
  other,
  direction,
  sessionIds,
  signal,
}: CopyRequest): Promise<readonly string[]> {
  if (sessionIds !== undefined) return sessionIds
  const ids = new Set<string>()
  for (const store of direction === 'to' ? [own.store, other] : [other])
    for await (const id of store.listParts(SESSIONS, signal && { signal }))
      if (isSessionId(id)) ids.add(id)
  return [...ids]
}

/** Finds out how the two stores are sealed, and sees to it that what is copied can be read there. */
async function prepare(
  request: CopyRequest,
  onPut: (bytes: number) => void,
): Promise<{ context: CopyContext; finish: () => Promise<void> }> {
  const { own, other, direction, keks, signal } = request
  const { clock = systemClock, timing = SWAP_TIMING } = request
  const common = { clock, timing, onPut, ...(signal && { signal }) }
  const options = signal === undefined ? {} : { signal }
  if (own.store.label === other.label)
    throw new GatewayError({
      code: 'usage',
      subject: other.label,
      message: `${other.label} is this worker's own store`,
      hint: 'name another store',
    })
  const here = await readRing(own.store, keks, options)
  const there = await ringThere(other, keks, options)
  if (direction === 'from') {
    const sealer =
      there === undefined
        ? plainSealer
        : encryptingSealer(keysOf(there.ring), {
            acceptPlaintext: request.acceptPlaintext === true,
          })
    if (there === undefined && here !== undefined && request.acceptPlaintext !== true)
      throw plainSource(other.label)
    const sameKeys = here?.ring.id === there?.ring.id
    const context = {
      ...common,
      from: { store: other, sealer },
      to: own,
      sameKeys,
      trustNames: true,
      ensureKey: async () => undefined,
    }
    if (
      sameKeys &&
      there !== undefined &&
      here !== undefined &&
      there.ring.version > here.ring.version
    )
      await putRing(context, there, keks)
    return { context, finish: async () => undefined }
  }
  if (here === undefined && there !== undefined) throw encryptedThere(other.label)
  const base = { ...common, from: own, to: { store: other, sealer: own.sealer }, sameKeys: true }
  if (here === undefined) {
    const context = { ...base, trustNames: true, ensureKey: async () => undefined }
    return { context, finish: async () => undefined }
  }
  const { present, outdated } = await ringFor(base, here, there, keks)
  await putRing(base, present, keks)
  const known = new Set(present.ring.keys.map(({ id }) => id))
  const finish = async (): Promise<void> => {
    const latest = await readRing(own.store, keks, options)
    if (latest === undefined) return
    await putRing(base, latest, keks)
    for (const { id } of latest.ring.keys) known.add(id)
  }
  const ensureKey = async (id: string): Promise<void> => {
    if (!known.has(id)) await finish()
  }
  return { context: { ...base, trustNames: !outdated, ensureKey }, finish }
}

async function copyOne(
  context: CopyContext,
  logs: LogCopier,
  sessionId: string,
): Promise<SessionCopy> {
  try {
    return { sessionId, ...(await copySession(context, logs, sessionId)) }
  } catch (thrown) {
    context.signal?.throwIfAborted()
    const error = toGatewayError(thrown)
    // A store that is away is away for all of them.
    if (!ABOUT_ONE.has(error.code)) throw thrown
    if (error.code === 'replica.stale') return { sessionId, outcome: 'used', detail: error.message }
    return { sessionId, outcome: 'failed', code: error.code, detail: error.message }
  }
}

/** Records are never deleted: where all are copied, one that only the copy has was lost. */
function lostOr(copy: SessionCopy, { sessionIds }: CopyRequest): SessionCopy {
  if (copy.outcome !== 'nothing' || sessionIds !== undefined) return copy
  return { ...copy, outcome: 'newer', detail: 'only the copy has it' }
}

/** What is wrong with one session, and not with the others. */
const ABOUT_ONE = new Set<GatewayError['code']>([
  'replica.damaged',
  'replica.no-key',
  'replica.stale',
  'session.busy',
])

const isThere = ({ outcome }: SessionCopy): boolean => outcome === 'copied' || outcome === 'same'

function plainSource(label: string): GatewayError {
  return new GatewayError({
    code: 'replica.no-key',
    message: `${label} is not encrypted, and this worker's store is`,
    hint: 'set WA_GATEWAY_ALLOW_PLAINTEXT=true while it is taken over: it is encrypted on the way',
  })
}

function encryptedThere(label: string): GatewayError {
  return new GatewayError({
    code: 'replica.no-key',
    message: `${label} is encrypted, and this worker has no key`,
    hint: "set WA_GATEWAY_ENCRYPTION_KEY, or copy to a store that isn't",
  })
}
