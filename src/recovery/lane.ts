import {
  afterAttempt,
  CLOSED,
  probing,
  type Breaker,
  type BreakerSettings,
  type Ending,
} from './breaker.ts'
import { nextStart, started, UNPACED, type Pace } from './pace.ts'

/**
 * Who may start now: the decisions of one kind of work (logins, or restores from the object store).
 * A session waits with a ticket and starts when a slot is free, the pace allows it and nothing is
 * paused; while the breaker is open, one at a time starts as its probe. Sessions that have not
 * failed yet go first, and those that have never take every slot, so that a few which hang do not
 * hold up the rest. Pure: state and input in, state and what starts out.
 */
export interface Ticket {
  id: number
  sessionId: string
  /** Starts that this session has had in vain. */
  tries: number
  /** Higher goes first among equals; then by name. */
  weight: number
  /** Goes before everybody, needs no slot and no probe, only the pace. */
  urgent?: true
  /** At most `limit` of the same group run at a time. */
  group?: { id: number; limit: number }
}

export interface LaneSettings {
  /** Tickets that run at the same time. */
  slots: number
  /** Starts a second; Infinity where they are not counted. */
  rate: number
  breaker: BreakerSettings
}

export interface LaneState {
  /** In the order in which they are to start. */
  waiting: readonly Ticket[]
  running: ReadonlyMap<number, Ticket>
  pace: Pace
  breaker: Breaker
}

export type LaneInput =
  | { type: 'enter'; ticket: Ticket }
  | { type: 'leave'; id: number }
  /** `online`: sessions that are connected at this moment. */
  | { type: 'end'; id: number; ending: Ending; online: number }
  /** Time has passed, or a setting has changed. */
  | { type: 'look' }

export interface LaneStep {
  state: LaneState
  start: Ticket[]
  /** When to look again by itself; undefined: only when something happens. */
  lookAt: number | undefined
}

export const EMPTY_LANE: LaneState = {
  waiting: [],
  running: new Map(),
  pace: UNPACED,
  breaker: CLOSED,
}

/** The share of the slots that sessions which have failed before may take. */
const SHARE_OF_TRIED = 0.75

export function stepLane(
  state: LaneState,
  input: LaneInput,
  settings: LaneSettings,
  clock: { now: number; random: () => number },
): LaneStep {
  return fill(take(state, input, settings, clock), settings, clock)
}

function take(
  state: LaneState,
  input: LaneInput,
  { breaker: settings }: LaneSettings,
  { now, random }: { now: number; random: () => number },
): LaneState {
  switch (input.type) {
    case 'enter': {
      const at = state.waiting.findIndex((other) => before(input.ticket, other))
      const index = at === -1 ? state.waiting.length : at
      return { ...state, waiting: state.waiting.toSpliced(index, 0, input.ticket) }
    }
    case 'leave':
      return { ...state, waiting: state.waiting.filter(({ id }) => id !== input.id) }
    case 'end': {
      const ticket = state.running.get(input.id)
      if (ticket === undefined) return state
      const running = new Map(state.running)
      running.delete(input.id)
      const { id, sessionId } = ticket
      const { ending, online } = input
      const attempt = { ticket: id, sessionId, ending, online }
      const breaker = afterAttempt(state.breaker, attempt, settings, { now, random: random() })
      return { ...state, running, breaker }
    }
    case 'look':
      return state
  }
}

/** Starts what may start now. */
function fill(
  from: LaneState,
  settings: LaneSettings,
  { now, random }: { now: number; random: () => number },
): LaneStep {
  let state = from
  const start: Ticket[] = []
  for (;;) {
    const ticket = next(state, settings)
    if (ticket === undefined) return { state, start, lookAt: undefined }
    const at = startsAt(state, ticket, settings)
    if (at > now) return { state, start, lookAt: at }
    const running = new Map(state.running)
    if (ticket.urgent !== true) running.set(ticket.id, ticket)
    state = {
      waiting: state.waiting.filter((other) => other !== ticket),
      running,
      pace: started(state.pace, settings.rate, now, random()),
      breaker: ticket.urgent === true ? state.breaker : probing(state.breaker, ticket.id),
    }
    start.push(ticket)
  }
}

/** The first that waits and has a slot; undefined where nobody does. */
function next(
  { waiting, running, breaker }: LaneState,
  { slots }: LaneSettings,
): Ticket | undefined {
  const runs = [...running.values()]
  const forTried = Math.max(1, Math.floor(slots * SHARE_OF_TRIED))
  const tried = runs.filter((ticket) => ticket.tries > 0).length
  return waiting.find((ticket) => {
    if (ticket.urgent === true) return true
    if (breaker.kind === 'probing') return false
    // What began before the outage and hangs must not keep the probe out.
    if (breaker.kind === 'closed' && running.size >= slots) return false
    if (breaker.kind === 'closed' && ticket.tries > 0 && tried >= forTried) return false
    const { group } = ticket
    return group === undefined || runs.filter((r) => r.group?.id === group.id).length < group.limit
  })
}

function startsAt({ pace, breaker }: LaneState, ticket: Ticket, { rate }: LaneSettings): number {
  const at = nextStart(pace, rate)
  return breaker.kind === 'open' && ticket.urgent !== true ? Math.max(at, breaker.probeAt) : at
}

function before(a: Ticket, b: Ticket): boolean {
  if (a.urgent !== b.urgent) return a.urgent === true
  if (a.tries !== b.tries) return a.tries < b.tries
  if (a.weight !== b.weight) return a.weight > b.weight
  return a.sessionId === b.sessionId ? a.id < b.id : a.sessionId < b.sessionId
}
