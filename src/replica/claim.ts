import { GatewayError } from '../session/errors.ts'
import { planRecovery, type RecoveryEvidence, type RecoveryPlan } from '../session/plan.ts'
import { newStamp, type ReplicaContext } from './context.ts'
import { gather } from './evidence.ts'
import { readOwner, swapOwner } from './owner-io.ts'
import type { KnownOwner, LogRange } from './owner.ts'
import type { ClaimOutcome, ClaimRequest } from './port.ts'
import type { Silence } from './silence.ts'
import { fetchSnapshot } from './snapshot-io.ts'
import type { Snapshot } from './snapshot.ts'
import { claimOwner, GENESIS, type ClaimBase } from './transitions.ts'

type Acting = Extract<RecoveryPlan, { kind: 'connect' | 'restore' | 'create' }>
type Claimed = Extract<ClaimOutcome, { kind: 'claimed' }>

/** Races with other claimants and with late writes of one's own; each round has a new record. */
const ROUNDS = 10

/**
 * Rule 5: brings local state to where a socket may be opened, and takes the next epoch. The order
 * is (a) close the log's ranges, (b) does local state serve, (c) else verify what is stored and put
 * it in its place, (d) tag the base durably, (e) swap the record, (f) live only under the boot that
 * began. Decisions are outcomes; trouble with the store or the disk is thrown.
 *
 * The record is missing or behind: a missing one is a new or emptied store where this disk had none
 * confirmed; where it had, only an assignment or a take-over goes on from the local state, and says
 * so. A record below the epoch that the store once confirmed means a store that was rolled back,
 * and is refused as `damaged`: what other workers wrote since is gone from it.
 */
export async function claim(context: ReplicaContext, request: ClaimRequest): Promise<ClaimOutcome> {
  const { sessionId, signal } = request
  const silent = new Set<string>()
  const notes: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    signal?.throwIfAborted()
    const boot = context.auth.boot
    const known = await readRecord(context, sessionId, signal)
    if (known instanceof GatewayError) return refused('damaged', known.message, notes)
    const silence = known && silent.has(known.record.boot) ? 'silent' : 'unknown'
    const evidence = gather(context, request, known, silence)
    let plan = planRecovery(evidence)
    if (plan.kind === 'wait') {
      const heard: Silence = await context.silence.of(plan.worker, plan.boot, signal)
      if (heard === 'silent') {
        silent.add(plan.boot)
        continue
      }
      const now = await readRecord(context, sessionId, signal)
      if (changed(known, now)) continue
      plan = planRecovery({ ...evidence, silence: heard })
    }
    let snapshot: Snapshot | undefined
    if (plan.kind === 'restore') {
      const fetched = await fetchNamed(context, sessionId, known, signal)
      if (fetched === 'changed') continue
      if (fetched instanceof GatewayError) plan = planRecovery(withProblem(evidence, fetched))
      else snapshot = fetched
    }
    if (plan.kind === 'refuse') return refused(plan.cause, plan.why, notes)
    if (plan.kind === 'wait') continue
    if (plan.kind === 'nothing') return serving(context, sessionId, plan.epoch, notes)
    const outcome = await act(context, sessionId, { plan, known, boot, snapshot, notes, signal })
    if (outcome !== undefined) return outcome
  }
  throw new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: `'${sessionId}' changed hands each time this worker tried to take it`,
    hint: 'see which workers are configured for it',
  })
}

interface Action {
  plan: Acting
  known: KnownOwner | undefined
  boot: string
  snapshot: Snapshot | undefined
  notes: string[]
  signal: AbortSignal | undefined
}

/** Steps (c) to (f); undefined: another write came first, start again. */
async function act(
  context: ReplicaContext,
  sessionId: string,
  { plan, known, boot, snapshot, notes, signal }: Action,
): Promise<Claimed | undefined> {
  const { auth } = context
  const { epoch } = plan
  const tag = { epoch, boot }
  const ranges = closedRanges(sessionId, known)
  if (plan.kind !== 'connect' && plan.quarantine) {
    const path = await auth.quarantine(sessionId, plan.why)
    notes.push(`the local state was set aside (${plan.why}): ${path}`)
  }
  if (snapshot !== undefined) await auth.install(snapshot.image, tag)
  else if (auth.find(sessionId) !== undefined) await auth.tag(sessionId, tag, true)
  const holder = { epoch, worker: context.worker, boot }
  const base = baseOf(context, sessionId, plan)
  const stamp = newStamp(context)
  const next = claimOwner(sessionId, known?.record, holder, base, ranges, stamp)
  const outcome = await swapOwner(context, next, known, signal)
  if (outcome.kind === 'lost') {
    // What was put in place a moment ago is a copy of a stored snapshot that no epoch of ours names.
    if (snapshot !== undefined) await auth.purge(sessionId)
    return undefined
  }
  if (auth.boot !== boot) return undefined
  context.held.set(sessionId, { epoch, boot, owner: outcome.known, garbage: new Set() })
  if (auth.find(sessionId) !== undefined) await auth.confirmEpoch(sessionId, epoch)
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

/**
 * Ranges of the shared log are fenced and closed here, before anything is decided by their end. A
 * record with an open range comes from a program that writes such a log: this one cannot fence it.
 */
function closedRanges(sessionId: string, known: KnownOwner | undefined): LogRange[] {
  const ranges = known?.record.ranges ?? []
  if (ranges.length === 0) return []
  throw new GatewayError({
    code: 'replica.damaged',
    subject: sessionId,
    message: `the owner record of '${sessionId}' names log ranges, which this version cannot read`,
    hint: 'update wa-gateway on this host',
  })
}

function baseOf(context: ReplicaContext, sessionId: string, plan: Acting): ClaimBase {
  if (plan.kind === 'create') return { from: 'new' }
  if (plan.kind === 'restore') return { from: 'restore' }
  const local = context.auth.find(sessionId)
  return { from: 'warm', end: { seq: local?.seq ?? 0, hash: local?.hash ?? GENESIS } }
}

/** The snapshot that the record names; `changed` where the record meanwhile names another. */
async function fetchNamed(
  context: ReplicaContext,
  sessionId: string,
  known: KnownOwner | undefined,
  signal: AbortSignal | undefined,
): Promise<Snapshot | GatewayError | 'changed'> {
  const ref = known?.record.snapshot
  if (!ref) return 'changed'
  try {
    return await fetchSnapshot(context, sessionId, ref, signal)
  } catch (error) {
    if (!isDamage(error)) throw error
    const now = await readRecord(context, sessionId, signal)
    return changed(known, now) ? 'changed' : error
  }
}

async function readRecord(
  context: ReplicaContext,
  sessionId: string,
  signal: AbortSignal | undefined,
): Promise<KnownOwner | GatewayError | undefined> {
  try {
    return await readOwner(context, sessionId, signal)
  } catch (error) {
    if (isDamage(error)) return error
    throw error
  }
}

function changed(
  known: KnownOwner | undefined,
  now: KnownOwner | GatewayError | undefined,
): boolean {
  return now instanceof GatewayError || now?.etag !== known?.etag
}

function withProblem(evidence: RecoveryEvidence, error: GatewayError): RecoveryEvidence {
  const { owner } = evidence
  if (owner?.snapshot === undefined) return evidence
  const snapshot = { ...owner.snapshot, problem: error.message }
  return { ...evidence, owner: { ...owner, snapshot } }
}

function isDamage(error: unknown): error is GatewayError {
  return error instanceof GatewayError && error.code === 'replica.damaged'
}

function refused(
  cause: Extract<ClaimOutcome, { kind: 'refused' }>['cause'],
  why: string,
  notes: string[],
): ClaimOutcome {
  return { kind: 'refused', cause, detail: [why, ...notes].join('; ') }
}
