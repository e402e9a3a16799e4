import { createHash } from 'node:crypto'
import type { SessionImage } from '../../authstate/port.ts'
import { GatewayError } from '../../session/errors.ts'
import { planRecovery, type RecoveryPlan } from '../../session/plan.ts'
import { claim } from '../claim.ts'
import { letGo, newHeld, newStamp, type Held, type ReplicaContext } from '../context.ts'
import { gather } from '../evidence.ts'
import { fold } from '../fold.ts'
import { fencedError } from '../log/fenced.ts'
import { changeHeld, heldOwner, swapOwner } from '../owner-io.ts'
import type { KnownOwner, OwnerRecord } from '../owner.ts'
import type { BackupInfo, Restored, RestoreTarget } from '../port.ts'
import { superseding } from '../retention/superseding.ts'
import { dropUnnamed, storeSnapshot } from '../snapshot-io.ts'
import { closeDamaged } from '../survey.ts'
import { rewindOwner, seizeOwner, type StateEnd } from '../transitions.ts'
import { existing, findTarget, wordsOf } from './target.ts'

/** How often what comes between, a fence or a pruning, is met by beginning again. */
const TRIES = 3

/**
 * Rule 12: an earlier state becomes the newest, as an epoch of its own. It is read as a whole first.
 * Then in this order, so that a crash anywhere leaves either the old state or the new one, both
 * stored: fold what is there, take the next epoch, store the new snapshot under it, name it, and replace the local
 * state last. The record is left released: whoever opens the session next claims it.
 */
export async function rewind(
  context: ReplicaContext,
  sessionId: string,
  target: RestoreTarget,
): Promise<Restored> {
  const old = await findTarget(context, sessionId, target)
  const { epoch: kept, replaced } = await keepCurrent(context, sessionId)
  try {
    const { epoch, boot } = await seize(context, sessionId, kept)
    const { held, known } = await heldOwner(context, sessionId)
    const last = lastEnd(context, sessionId, known.record)
    const image = continued(old.image, last, context.clock.wall())
    const snapshot = await storeSnapshot(context, image, epoch, 'restored')
    const { before, after } = await changeHeld(context, sessionId, (record, stamp) => {
      const snapshots = superseding(context, record, snapshot)
      return rewindOwner(record, held, snapshots, stamp)
    })
    if (context.auth.find(sessionId) !== undefined)
      await context.auth.quarantine(sessionId, wordsOf(target, old))
    await context.auth.install(image, { epoch, boot })
    await context.auth.confirmEpoch(sessionId, epoch)
    await dropUnnamed(context, before, after, held.garbage)
    return { epoch, seq: image.seq, ...(replaced && { replaced }) }
  } finally {
    letGo(context, sessionId, interfered(sessionId))
  }
}

/**
 * Like a claim it ends the log of whoever had the session, before it takes the epoch. `kept`: the
 * epoch whose state was kept as a backup; whoever took a later one meanwhile has newer state.
 */
async function seize(context: ReplicaContext, sessionId: string, kept: number): Promise<Held> {
  await context.log.ready()
  await context.log.clear(sessionId)
  const here = context.log.position
  const { boot } = context.auth
  if (here.boot !== boot) throw fencedError(here.boot, sessionId)
  for (let tries = 1; ; tries++) {
    const known = await existing(context, sessionId)
    if (known.record.epoch !== kept) throw interfered(sessionId)
    const epoch = epochAfter(context, sessionId, known.record)
    const holder = { epoch, worker: context.worker, boot }
    const closed = await closeDamaged(context, known.record, here)
    const next = seizeOwner(known.record, holder, closed, newStamp(context))
    const outcome = await swapOwner(context, next, known)
    // Pruning writes the record too, which is no reason to give up.
    if (outcome.kind === 'lost' && tries < TRIES) continue
    if (outcome.kind === 'lost') throw interfered(sessionId)
    const held = newHeld(context, { epoch, boot }, outcome.known)
    context.held.set(sessionId, held)
    return held
  }
}

/**
 * Where seq and hash go on when a session goes back: one after the last, the hash bound to both the
 * history that is left and the state that is taken up again. The only place that says so.
 */
export function continued(
  old: SessionImage,
  last: StateEnd & { changedAt: number },
  now: number,
): SessionImage {
  const seq = last.seq + 1
  const hash = createHash('sha256')
    .update(JSON.stringify(['restored', last.hash, seq, old.seq, old.hash]))
    .digest('hex')
  return { ...old, seq, hash, changedAt: Math.max(now, last.changedAt) }
}

/**
 * Sees to it that what is replaced stays a backup: it is claimed and folded. State that could not be
 * recovered either (stale, damaged) is what a restore is for: it does not stand in the way.
 */
async function keepCurrent(
  context: ReplicaContext,
  sessionId: string,
): Promise<{ epoch: number; replaced?: BackupInfo }> {
  const known = await existing(context, sessionId)
  const plan = await planFor(context, sessionId, known)
  if (plan.kind === 'connect' || plan.kind === 'nothing' || plan.kind === 'restore') {
    const kept = await claimAndFold(context, sessionId)
    if (kept === 'owned-elsewhere') throw interfered(sessionId)
    if (kept !== undefined) return kept
  }
  if (plan.kind === 'refuse' && plan.cause === 'owned-elsewhere')
    throw new GatewayError({
      code: 'replica.owned-elsewhere',
      subject: sessionId,
      message: plan.why,
      hint: 'restore the backup on that worker, or release the session there first',
    })
  return { epoch: known.record.epoch }
}

/** Undefined where it cannot be claimed: then there is nothing worth keeping. */
async function claimAndFold(
  context: ReplicaContext,
  sessionId: string,
): Promise<{ epoch: number; replaced: BackupInfo } | 'owned-elsewhere' | undefined> {
  for (let tries = 1; ; tries++) {
    const outcome = await claim(context, { sessionId, assigned: true })
    if (outcome.kind !== 'claimed')
      return outcome.cause === 'owned-elsewhere' ? outcome.cause : undefined
    try {
      const replaced = await fold(context, sessionId, 'before-restore')
      return { epoch: outcome.epoch, replaced }
    } catch (error) {
      // Another worker ended this one's log for another session's sake: it goes on under a new boot.
      const fenced = error instanceof GatewayError && error.code === 'replica.fenced'
      if (!fenced || tries === TRIES) throw error
    }
  }
}

/** Whoever had it and fell silent, a lost host, must not keep its damaged session for ever. */
async function planFor(
  context: ReplicaContext,
  sessionId: string,
  known: KnownOwner,
): Promise<RecoveryPlan> {
  const request = { sessionId, assigned: true }
  const plan = planRecovery(gather(context, request, known, 'unknown'))
  if (plan.kind !== 'wait') return plan
  const heard = await context.silence.of(plan.worker, plan.boot)
  return planRecovery(gather(context, request, known, heard))
}

function epochAfter(context: ReplicaContext, sessionId: string, record: OwnerRecord): number {
  return Math.max(record.epoch, context.auth.find(sessionId)?.confirmedEpoch ?? 0) + 1
}

function lastEnd(
  context: ReplicaContext,
  sessionId: string,
  record: OwnerRecord,
): StateEnd & { changedAt: number } {
  const local = context.auth.find(sessionId)
  const { seq, hash } = local !== undefined && local.seq > record.seq ? local : record
  return { seq, hash, changedAt: Math.max(record.changedAt, local?.changedAt ?? 0) }
}

function interfered(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'replica.owned-elsewhere',
    subject: sessionId,
    message: `another worker took '${sessionId}' while a backup of it was being restored`,
    hint: `run \`wa-gateway session show ${sessionId}\``,
  })
}
