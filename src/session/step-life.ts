import { backoffMs } from './backoff.ts'
import { CAUSES, cause as causeOf, type CauseId } from './cause.ts'
import { remember, type Tried } from './history.ts'
import type { Doing, Facts, Life, LifeEvent, LifeSettings } from './life.ts'
import { afterFailure, afterLogin, afterLoss, nextLogin, withinBudget } from './restraint.ts'
import { mayBecome, stateAfter, type SessionState } from './state.ts'

/** Returns the very same life where the event means nothing to it now. */
export function stepLife(life: Life, event: LifeEvent, settings: LifeSettings, facts: Facts): Life {
  const { doing } = life
  switch (event.type) {
    case 'taken':
      return taken(life, facts)
    case 'given-back':
      return givenBack(life, event, settings, facts)
    case 'postponed':
      if (doing.kind !== 'given') return life
      return { ...life, doing: { kind: 'given', ...(event.until && { until: event.until }) } }
    case 'restoring':
      return restoring(life, event.for, facts)
    case 'refused':
      if (doing.kind !== 'given') return life
      return rest(tried(life, 'restore', event, facts), event, settings, facts)
    case 'connect':
      return connect(life, facts)
    case 'pair':
      if (doing.kind !== 'given' || !life.pairing) return life
      return become(life, facts.unpaired ? 'pairing' : 'connecting', connecting(facts), facts)
    case 'due':
      return doing.kind === 'waiting' ? due(life, doing, facts) : life
    case 'stored':
      return doing.kind === 'storing'
        ? { ...life, doing: { kind: 'queueing', urgent: false } }
        : life
    case 'admitted':
      return doing.kind === 'queueing' ? admitted(life, settings, facts) : life
    case 'opened':
      return doing.kind === 'connecting' ? opened(life, facts) : life
    case 'closed':
      return closed(life, event, settings, facts)
    case 'abandoned':
      return abandoned(life, event.cause, settings, facts)
    case 'stalled':
      if (doing.kind !== 'online') return life
      if (!event.stalled) return become(life, 'online', doing, facts)
      return become(life, 'online', doing, facts, seen('stalled'))
    case 'owner':
      return doing.kind === 'asking' ? end(life, event) : life
    case 'over':
      if (explains(life, event)) return explained(life, event, settings, facts)
      return isIdle(life) || life.state === 'queued' ? life : over(life, event, settings, facts)
    case 'stop':
      if (doing.kind === 'closing' || life.state === 'closed') return life
      return become(
        { ...life, charge: false, pairing: false },
        'closing',
        { kind: 'closing' },
        facts,
      )
    case 'ended':
      return ended(life, event.of, settings, facts)
  }
}

interface Seen {
  cause: CauseId
  detail: string
}

function seen(cause: CauseId): Seen {
  return { cause, detail: CAUSES[cause].words }
}

/** Nothing goes on, or it is about to end anyway. */
function isIdle({ doing }: Life): boolean {
  return doing.kind === 'resting' || doing.kind === 'ending' || doing.kind === 'closing'
}

function become(life: Life, state: SessionState, doing: Doing, { now }: Facts, why?: Seen): Life {
  if (state !== life.state && !mayBecome(life.state, state))
    throw new Error(`a session can't go from ${life.state} to ${state}`)
  const since = state === life.state ? life.since : now
  return { ...life, state, since, doing, cause: why?.cause, detail: why?.detail }
}

function connecting({ now }: Facts): Doing {
  return { kind: 'connecting', since: now }
}

function taken(life: Life, facts: Facts): Life {
  if (life.pairing) return life
  const charged = { ...life, charge: true }
  switch (life.doing.kind) {
    case 'resting':
      return become(charged, 'queued', { kind: 'given' }, facts)
    case 'waiting':
    case 'storing':
      return { ...charged, doing: { kind: 'given' } }
    case 'queueing':
      return life.doing.urgent ? charged : { ...charged, doing: { kind: 'given' } }
    case 'given':
    case 'connecting':
    case 'online':
    case 'asking':
    case 'ending':
    case 'closing':
      return charged
  }
}

function givenBack(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  if (!life.charge) return life
  const free = { ...life, charge: false }
  if (life.doing.kind === 'resting') {
    const { cause } = life
    return { ...free, doing: resting(free, cause, settings, facts) }
  }
  if (life.doing.kind !== 'given') return free
  if (life.state === 'reconnecting') return waitForNext(free, settings, facts)
  return rest(free, why, settings, facts)
}

function restoring(life: Life, reason: 'recovery' | 'pairing', facts: Facts): Life {
  const mine = reason === 'pairing' ? life.doing.kind === 'resting' : life.charge
  const may = life.doing.kind === 'resting' || life.doing.kind === 'given'
  if (!mine || !may || life.state === 'reconnecting') return life
  const pairing = reason === 'pairing'
  return become({ ...life, pairing }, 'restoring', { kind: 'given' }, facts)
}

function connect(life: Life, facts: Facts): Life {
  const { kind } = life.doing
  const may = kind === 'given' || kind === 'waiting' || kind === 'storing'
  const queued = life.doing.kind === 'queueing' && !life.doing.urgent
  if ((!may && !queued) || life.state === 'queued') return life
  if (facts.unpaired)
    return end(life, { cause: 'no-state', detail: 'the local state has never been paired' })
  return become(life, 'connecting', connecting(facts), facts)
}

function due(life: Life, waiting: Doing & { kind: 'waiting' }, { now, unstored }: Facts): Life {
  // A timer that came early is set again.
  if (now < waiting.until) return { ...life, doing: { ...waiting } }
  if (!unstored) return { ...life, doing: { kind: 'queueing', urgent: false } }
  return { ...life, ...seen('stalled'), doing: { kind: 'storing' } }
}

function admitted(life: Life, settings: LifeSettings, facts: Facts): Life {
  const restraint = afterLogin(life.restraint, settings, facts.now)
  return become({ ...life, restraint }, 'connecting', connecting(facts), facts)
}

function opened(life: Life, facts: Facts): Life {
  const done = tried(life, life.state === 'pairing' ? 'pairing' : 'login', undefined, facts)
  return become({ ...done, pairing: false }, 'online', { kind: 'online', since: facts.now }, facts)
}

function closed(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  const { doing } = life
  if (doing.kind !== 'connecting' && doing.kind !== 'online') return life
  const past = settled(life, doing, why, settings, facts)
  const { action } = causeOf(why.cause)
  if (action === 'stop') return end(past, why)
  if (action === 'reconnect-now' && past.restarts < settings.maxRestarts) {
    if (!withinBudget(past.restraint, settings, facts.now)) return again(past, why, settings, facts)
    const restarted = { ...past, restarts: past.restarts + 1 }
    return become(restarted, 'connecting', { kind: 'queueing', urgent: true }, facts)
  }
  // A half-made pairing can't go on: its code would make the next connection a login.
  if (facts.unpaired) return end(past, why)
  if (action === 'ask-owner') return become(past, 'reconnecting', { kind: 'asking' }, facts, why)
  return again(past, why, settings, facts)
}

/** What is remembered of a connection that ended. */
function settled(
  life: Life,
  doing: Extract<Doing, { kind: 'connecting' | 'online' }>,
  why: Seen,
  settings: LifeSettings,
  facts: Facts,
): Life {
  if (doing.kind === 'connecting')
    return tried(life, life.state === 'pairing' ? 'pairing' : 'login', why, facts)
  const { since } = doing
  const restraint = afterLoss(life.restraint, settings, { since, now: facts.now })
  const stood = facts.now - since >= settings.stableMs
  const past = { ...life, restraint, ...(stood && { restarts: 0, rests: 0 }) }
  return tried(past, 'online', why, facts)
}

/** After a failure that waiting may heal. */
function again(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  if (life.charge) return become(life, 'reconnecting', { kind: 'given' }, facts, why)
  const waiting = waitForNext({ ...life, pairing: false }, settings, facts)
  return become(waiting, 'reconnecting', waiting.doing, facts, why)
}

function waitForNext(life: Life, settings: LifeSettings, facts: Facts): Life {
  const until = nextLogin(life.restraint, settings, facts)
  return { ...life, restraint: afterFailure(life.restraint), doing: { kind: 'waiting', until } }
}

function abandoned(
  life: Life,
  cause: 'timeout' | 'cancelled',
  settings: LifeSettings,
  facts: Facts,
): Life {
  const { doing } = life
  if (doing.kind === 'asking') return end(life, seen('replaced'))
  const restarting = doing.kind === 'queueing' && doing.urgent
  if (doing.kind !== 'connecting' && !restarting) return life
  const why = seen(cause)
  const past = tried(life, facts.unpaired ? 'pairing' : 'login', why, facts)
  if (facts.unpaired) return end(past, seen('pairing-expired'))
  return again(past, why, settings, facts)
}

function over(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  const { doing } = life
  const runs = doing.kind === 'connecting' || doing.kind === 'online'
  return end(runs ? settled(life, doing, why, settings, facts) : life, why)
}

/** Whoever replaced the session is another worker, which could not be told when that was asked. */
function explains({ doing, cause }: Life, why: Seen): boolean {
  if (why.cause !== 'owned-elsewhere') return false
  if (doing.kind === 'ending') return doing.cause === 'replaced'
  return doing.kind === 'resting' && cause === 'replaced'
}

function explained(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  return life.doing.kind === 'ending' ? end(life, why) : rest(life, why, settings, facts)
}

function end(life: Life, { cause, detail }: Seen): Life {
  return { ...life, doing: { kind: 'ending', cause, detail } }
}

function ended(life: Life, of: 'ending' | 'closing', settings: LifeSettings, facts: Facts): Life {
  const { doing } = life
  if (doing.kind !== of) return life
  if (doing.kind === 'ending') return rest(life, doing, settings, facts)
  return become(life, 'closed', { kind: 'resting' }, facts)
}

function rest(life: Life, why: Seen, settings: LifeSettings, facts: Facts): Life {
  const doing = resting(life, why.cause, settings, facts)
  const rested = { ...life, pairing: false, rests: life.rests + 1 }
  return become(rested, stateAfter(why.cause), doing, facts, why)
}

/** Resting, with the time of the next recovery where one can help. */
function resting(
  { charge, rests }: Life,
  cause: CauseId | undefined,
  { rest: waits }: LifeSettings,
  { now, random }: Facts,
): Doing {
  const helps = cause !== undefined && (CAUSES[cause].retryable || cause === 'owned-elsewhere')
  if (charge || !helps) return { kind: 'resting' }
  return { kind: 'resting', retryAt: now + backoffMs(rests, waits, random) }
}

/** With what was tried at the end of its history. */
function tried(life: Life, what: Tried['what'], why: Seen | undefined, { now }: Facts): Life {
  const { doing } = life
  const began = doing.kind === 'connecting' || doing.kind === 'online' ? doing.since : life.since
  const entry: Tried = {
    at: began,
    what,
    outcome: why === undefined ? 'online' : 'failed',
    ms: now - began,
    ...(why !== undefined && { cause: why.cause, detail: why.detail }),
  }
  return { ...life, history: remember(life.history, entry) }
}
