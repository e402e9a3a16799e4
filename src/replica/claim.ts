import type { SessionImage } from '../authstate/port.ts'
import type { CauseId } from '../session/cause.ts'
import { GatewayError } from '../session/errors.ts'
import {
  planRecovery,
  planRefusal,
  type RecoveryEvidence,
  type RecoveryPlan,
} from '../session/plan.ts'
import { newHeld, newStamp, type ReplicaContext } from './context.ts'
import { gather } from './evidence.ts'
import { ask } from './log/want.ts'
import { readOwner, swapOwner } from './owner-io.ts'
import type { KnownOwner, OwnerRecord } from './owner.ts'
import type { ClosedRange } from './past.ts'
import type { ClaimOutcome, ClaimRequest } from './port.ts'
import { restored } from './restored.ts'
import { isUnreadable } from './sealer.ts'
import type { Silence } from './silence.ts'
import { lostOwner } from './snapshot-io.ts'
import { closeRanges, survey, type Survey } from './survey.ts'
import { claimOwner, GENESIS, NOTHING, type ClaimBase, type StateEnd } from './transitions.ts'

type Acting = Extract<RecoveryPlan, { kind: 'connect' | 'restore' | 'create' }>
type Claimed = Extract<ClaimOutcome, { kind: 'claimed' }>

/** Races with other claimants and with late writes of one's own; each round has a new record. */
const ROUNDS = 10

/**
 * Rule 5: brings local state to where a socket may be opened, and takes the next epoch. The order
 * is (a) end the logs of other boots and close the ranges, (b) does local state serve, (c) else
 * verify what is stored and put it in its place, (d) tag the base durably, (e) swap the record, (f)
 * live only under the boot that began. Decisions are outcomes; trouble with the store or the disk is
 * thrown.
 *
 * The record is missing or behind: a missing one is a new or emptied store where this disk had none
 * confirmed; where it had, only an assignment or a take-over goes on from the local state, and says
 * so. A record below the epoch that the store once confirmed means a store that was rolled back,
 * and is refused as `damaged`: what other workers wrote since is gone from it.
 *
 * `warmOnly`: refuse as `owned-elsewhere` where local state does not serve, since a socket uses it.
 */
export async function claim(
  context: ReplicaContext,
  request: ClaimRequest,
  { warmOnly = false } = {},
): Promise<ClaimOutcome> {
  const { sessionId, signal } = request
  const silent = new Set<string>()
  const notes: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    signal?.throwIfAborted()
    await context.log.ready()
    await context.log.clear(sessionId)
    const here = context.log.position
    if (here.boot !== context.auth.boot) continue
    const known = await readRecord(context, sessionId, signal)
    if (known instanceof GatewayError) return refused('damaged', known.message, notes)
    const silence = known && silent.has(known.record.boot) ? 'silent' : 'unknown'
    const early = gather(context, request, known, silence)
    const may = await permission(context, request, early, known)
    if (may === 'again') continue
    if (may.kind === 'silent') {
      silent.add(may.boot)
      continue
    }
    if (may.kind === 'refuse') return refused(may.cause, may.why, notes)
    if (early.owner?.held === true) {
      const plan = planRecovery(early)
      if (plan.kind === 'nothing') return serving(context, sessionId, plan.epoch, notes)
    }
    const ground = await prepare(context, request, known, here, early)
    if (ground === 'changed') continue
    const { plan } = ground
    if (plan.kind === 'refuse') return refused(plan.cause, plan.why, notes)
    if (plan.kind === 'wait') continue
    if (plan.kind === 'nothing') return serving(context, sessionId, plan.epoch, notes)
    if (warmOnly && plan.kind !== 'connect') return refused('owned-elsewhere', plan.why, notes)
    if (request.inUse === true && plan.kind !== 'connect') return refused('stale', plan.why, notes)
    const outcome = await act(context, sessionId, { ...ground, plan, known, here, notes, signal })
    if (outcome !== undefined) return outcome
  }
  throw new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: `'${sessionId}' changed hands each time this worker tried to take it`,
    hint: 'see which workers are configured for it',
  })
}

type Permission =
  | { kind: 'granted' }
  | { kind: 'silent'; boot: string }
  | { kind: 'refuse'; cause: CauseId; why: string }

/** Whether the session may be taken, before anything of it is touched. */
async function permission(
  context: ReplicaContext,
  { sessionId, signal }: ClaimRequest,
  evidence: RecoveryEvidence,
  known: KnownOwner | undefined,
): Promise<Permission | 'again'> {
  const plan = planRefusal(evidence)
  if (plan === undefined) return { kind: 'granted' }
  if (plan.kind === 'refuse') return plan
  if (plan.kind !== 'wait') return { kind: 'granted' }
  const heard: Silence = await context.silence.of(plan.worker, plan.boot, signal)
  if (heard === 'silent') return { kind: 'silent', boot: plan.boot }
  // A busy owner writes its record more often than it can be watched: that is no change of hands.
  if (changedHands(known, await readRecord(context, sessionId, signal))) return 'again'
  await ask(context, plan, sessionId, signal)
  const refusal = planRefusal({ ...evidence, silence: heard })
  return refusal?.kind === 'refuse' ? refusal : 'again'
}

interface Ground {
  plan: RecoveryPlan
  closed: ClosedRange[]
  /** The newest change in the store. */
  end: StateEnd
  /** What is restored, verified. */
  image?: SessionImage
}

/** Steps (a) to (c) without touching local state. `changed`: the record is another one by now. */
async function prepare(
  context: ReplicaContext,
  request: ClaimRequest,
  known: KnownOwner | undefined,
  here: { boot: string; slot: number },
  early: RecoveryEvidence,
): Promise<Ground | 'changed'> {
  const { sessionId, signal } = request
  if (known === undefined) {
    const nothing = { closed: [], end: NOTHING }
    if (early.local?.paired === true) return { plan: planRecovery(early), ...nothing }
    const lost = await lostOwner(context, sessionId, signal)
    if (lost === undefined) return { plan: planRecovery(early), ...nothing }
    const began = changed(known, await readRecord(context, sessionId, signal))
    return began ? 'changed' : { plan: { kind: 'refuse', cause: 'damaged', why: lost }, ...nothing }
  }
  const silence = 'silent'
  let found: Survey = { end: known.record }
  try {
    const closed = await closeRanges(context, known.record, here)
    found = await survey(context, known, closed, signal)
    const plan = planRecovery({ ...gather(context, request, known, silence, found), silence })
    if (plan.kind !== 'restore') return { plan, closed, end: found.end }
    const image = await restored(context, known.record, closed, found.tail, signal)
    if (image !== undefined) return { plan, closed, end: image, image }
    const unpaired = { ...found, unpaired: true }
    const without = planRecovery(gather(context, request, known, silence, unpaired))
    return { plan: without, closed, end: known.record }
  } catch (error) {
    if (!isUnreadable(error)) throw error
    // Rule 7: what is missing or does not fit is damage only where the record still says the same.
    if (changed(known, await readRecord(context, sessionId, signal))) return 'changed'
    const problem = { ...found, problem: error.message }
    const plan = planRecovery(gather(context, request, known, silence, problem))
    const harmless = plan.kind === 'refuse'
    return {
      plan: harmless ? plan : { kind: 'refuse', cause: 'damaged', why: error.message },
      closed: [],
      end: found.end,
    }
  }
}

interface Action extends Ground {
  plan: Acting
  known: KnownOwner | undefined
  here: { boot: string; slot: number }
  notes: string[]
  signal: AbortSignal | undefined
}

/** Steps (c) to (f); undefined: another write came first, start again. */
async function act(
  context: ReplicaContext,
  sessionId: string,
  { plan, known, here, closed, end, image, notes, signal }: Action,
): Promise<Claimed | undefined> {
  const { auth } = context
  const { epoch } = plan
  const { boot } = here
  const tag = { epoch, boot }
  const base = baseOf(context, sessionId, plan, known, end)
  if (plan.kind !== 'connect' && plan.quarantine) {
    const path = await auth.quarantine(sessionId, plan.why)
    notes.push(`the local state was set aside (${plan.why}): ${path}`)
  }
  if (image !== undefined) await auth.install(image, tag)
  else if (auth.find(sessionId) !== undefined) await auth.tag(sessionId, tag, true)
  const holder = { epoch, worker: context.worker, boot }
  const open = { worker: context.worker, boot, from: here.slot, to: null }
  const stamp = newStamp(context)
  const next = claimOwner(sessionId, known?.record, holder, base, { closed, open }, stamp)
  const outcome = await swapOwner(context, next, known, signal)
  if (outcome.kind === 'lost') {
    // What was put in place a moment ago is a copy of stored state that no epoch of ours names.
    if (image !== undefined) await auth.purge(sessionId)
    return undefined
  }
  if (auth.boot !== boot || context.log.position.boot !== boot) return undefined
  const held = newHeld(context, { epoch, boot }, outcome.known)
  context.held.set(sessionId, held)
  if (auth.find(sessionId) !== undefined) await auth.confirmEpoch(sessionId, epoch)
  auth.resume(sessionId)
  context.log.admit(sessionId)
  return claimed(plan, next, auth.find(sessionId)?.seq, notes)
}

function claimed(
  plan: Acting,
  next: { epoch: number; seq: number; hash: string },
  localSeq: number | undefined,
  notes: string[],
): Claimed {
  const { epoch, seq, hash } = next
  const common = { kind: 'claimed', epoch, seq: localSeq ?? seq } as const
  if (plan.kind === 'create')
    return { ...common, route: 'new', seq, ...(seq > 0 && { base: { seq, hash } }), notes }
  if (plan.kind === 'connect') return { ...common, route: 'warm', notes: [...notes, ...plan.notes] }
  const { forfeited } = plan
  return { ...common, route: 'cold', ...(forfeited !== undefined && { forfeited }), notes }
}

function serving(
  context: ReplicaContext,
  sessionId: string,
  epoch: number,
  notes: string[],
): Claimed {
  const seq = context.auth.find(sessionId)?.seq ?? 0
  return { kind: 'claimed', epoch, route: 'warm', seq, notes }
}

function baseOf(
  context: ReplicaContext,
  sessionId: string,
  plan: Acting,
  known: KnownOwner | undefined,
  end: StateEnd,
): ClaimBase {
  const local = context.auth.find(sessionId)
  if (plan.kind === 'create') {
    // Fresh state that was claimed before may lie in the log already: its history goes on.
    const goesOn = !plan.quarantine && known && local && hasTag(context, known.record)
    return goesOn ? { from: 'stored', end: known.record } : { from: 'new' }
  }
  if (known !== undefined) {
    const copied = plan.kind === 'connect' ? known.record.copied : undefined
    return { from: 'stored', end, ...(copied !== undefined && { copied }) }
  }
  return { from: 'local', end: { seq: local?.seq ?? 0, hash: local?.hash ?? GENESIS } }
}

function hasTag({ auth }: ReplicaContext, { session, epoch, boot }: OwnerRecord): boolean {
  const tags = auth.find(session)?.tags ?? []
  return tags.some((tag) => tag.epoch === epoch && tag.boot === boot)
}

async function readRecord(
  context: ReplicaContext,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<KnownOwner | GatewayError | undefined> {
  try {
    return await readOwner(context, sessionId, signal)
  } catch (error) {
    if (isUnreadable(error)) return error
    throw error
  }
}

function changed(
  known: KnownOwner | undefined,
  now: KnownOwner | GatewayError | undefined,
): boolean {
  return now instanceof GatewayError || now?.etag !== known?.etag
}

function changedHands(
  known: KnownOwner | undefined,
  now: KnownOwner | GatewayError | undefined,
): boolean {
  if (known === undefined || now === undefined || now instanceof GatewayError)
    return changed(known, now)
  const { epoch, boot, released } = known.record
  const { record } = now
  return epoch !== record.epoch || boot !== record.boot || released !== record.released
}

function refused(
  cause: Extract<ClaimOutcome, { kind: 'refused' }>['cause'],
  why: string,
  notes: string[],
): ClaimOutcome {
  return { kind: 'refused', cause, detail: [why, ...notes].join('; ') }
}
