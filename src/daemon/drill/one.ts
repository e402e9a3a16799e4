import { decodeValue } from '../../authstate/codec.ts'
import { packEntries, unpackEntries } from '../../authstate/packed.ts'
import type { Entry, SessionImage } from '../../authstate/port.ts'
import type { Event } from '../../control/api.ts'
import { toGatewayError } from '../../session/errors.ts'
import type { WorkerState } from '../state.ts'
import { difference, valuesOf, withChanges } from './compare.ts'
import type { Copies } from './copies.ts'

export type Drilled = Extract<Event<'backup.drill'>, { type: 'session' }>['result']
type Parts = Pick<WorkerState, 'replica' | 'auth'>

/** Looks again where the session went on while it was compared. */
const ROUNDS = 5

/** Restores a copy of one session and proves it. `online`: devices whose copies must not log in. */
export async function drillOne(
  parts: Parts,
  copies: Copies,
  sessionId: string,
  online: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Drilled> {
  try {
    for (let round = 1; ; round++) {
      const result = await attempt(parts, copies, sessionId, online, signal)
      if (result !== 'moved' || round === ROUNDS)
        return result === 'moved'
          ? { sessionId, outcome: 'skipped', detail: 'it changed each time while it was compared' }
          : result
    }
  } catch (error) {
    signal.throwIfAborted()
    return { sessionId, outcome: 'failed', detail: toGatewayError(error).message }
  }
}

async function attempt(
  parts: Parts,
  copies: Copies,
  sessionId: string,
  online: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Drilled | 'moved'> {
  const began = performance.now()
  const stored = await parts.replica.readNewest(sessionId, signal)
  const image = stored?.image
  if (image === undefined) {
    const detail = stored === undefined ? 'it is not in the object store' : 'no device was linked'
    return { sessionId, outcome: 'nothing', detail }
  }
  const readMs = performance.now() - began
  const [fault] = parts.auth.faults(image.entries, { linked: true })
  if (fault !== undefined) return { sessionId, outcome: 'failed', detail: fault }
  const device = deviceOf(image.entries)
  if (device !== undefined && online.has(device))
    return { sessionId, outcome: 'skipped', detail: 'it is online there, a copy would end that' }
  const packed = image.packed ?? (await packEntries(image.entries))
  const { seq, hash, changedAt } = image
  const copy = await copies.copy({ sessionId, seq, hash, changedAt, packed })
  const { installMs, loginMs, loginError, exchangeMs, exchangeError } = copy
  const figures = {
    readMs: Math.round(readMs),
    installMs: Math.round(installMs),
    ...(loginMs !== undefined && { loginMs: Math.round(loginMs) }),
    ...(exchangeMs !== undefined && { exchangeMs: Math.round(exchangeMs) }),
    bytes: image.entries.reduce((sum, { value }) => sum + value.length, 0),
    keys: image.entries.filter(({ type }) => type !== 'creds').length,
    seq: image.seq,
  }
  const copied = valuesOf(await unpackEntries(copy.packed))
  const lost = difference(valuesOf(image.entries), copied)
  if (lost !== undefined || copy.seq !== image.seq || copy.hash !== image.hash) {
    const detail = `the copy is not what the object store holds: ${lost ?? 'it stands elsewhere in its history'}`
    return { sessionId, outcome: 'failed', ...figures, detail }
  }
  const proof = await againstDisk(parts, image, copied)
  if (proof === 'moved') return proof
  if (proof !== 'disk' && proof !== 'chain')
    return { sessionId, outcome: 'failed', ...figures, detail: proof.differs }
  if (loginError !== undefined) {
    const detail = `the copy did not log in: ${loginError}`
    return { sessionId, outcome: 'failed', ...figures, proof, detail }
  }
  if (exchangeError !== undefined) {
    const detail = `the copy logged in, but ${exchangeError}`
    return { sessionId, outcome: 'failed', ...figures, proof, detail }
  }
  return { sessionId, outcome: 'restored', ...figures, proof }
}

/** The copy, with the changes that the store doesn't have yet, must be the state on this disk. */
async function againstDisk(
  { auth, replica }: Parts,
  { sessionId, seq, hash }: SessionImage,
  copied: ReturnType<typeof valuesOf>,
): Promise<'disk' | 'chain' | 'moved' | { differs: string }> {
  const local = auth.find(sessionId)
  if (local === undefined || local.seq < seq) return 'chain'
  const there = auth.hashAt(sessionId, seq)
  if (there === undefined) return 'moved'
  if (there !== hash)
    return replica.holds(sessionId)
      ? { differs: `the object store has another change ${seq} than this disk` }
      : 'chain'
  const changes = auth.journal(sessionId, seq, Infinity)
  const now = await auth.image(sessionId)
  const upTo = changes.filter((change) => change.seq <= now.seq)
  const complete = now.seq === seq || upTo.at(-1)?.seq === now.seq
  const follows = upTo.length === 0 || upTo[0]?.seq === seq + 1
  if (!complete || !follows) return 'moved'
  const differs = difference(valuesOf(now.entries), withChanges(copied, upTo))
  return differs === undefined
    ? 'disk'
    : { differs: `the copy is not what this disk has: ${differs}` }
}

/** `user:number`, as the simulator calls a device. */
function deviceOf(entries: readonly Entry[]): string | undefined {
  const creds = entries.find(({ type }) => type === 'creds')
  const decoded = creds === undefined ? undefined : decodeValue(creds.value)
  const { me } = (decoded ?? {}) as { me?: { id?: string } }
  return me?.id?.replace(/@.*$/, '')
}
