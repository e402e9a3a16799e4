import type { SessionState } from '../session/state.ts'

/** A session that this worker knows. */
interface Known {
  id: string
  state: SessionState
  desired: 'running' | 'paused' | 'removed' | undefined
  assignedBy: 'backend' | 'local' | undefined
  /** Another worker owns it. */
  taken: boolean
}

interface Facts {
  /** Ids of the list that the backend just gave. */
  listed: ReadonlySet<string>
  known: readonly Known[]
  /** In how many lists in a row each session was missing before this one. */
  missed: ReadonlyMap<string, number>
  /** Who asks for which session. */
  wanted: ReadonlyMap<string, string>
}

interface Decision {
  /** Assigned, and nobody has tried to run them here. */
  start: string[]
  /** Not listed and not running. They may be started where this worker was the last to own them. */
  resume: string[]
  /** Another worker's; where that one asked for it, by name. */
  handOver: { sessionId: string; worker: string | undefined }[]
  /** They run here although the backend does not list them; nobody else asks for them. */
  unlisted: string[]
  missed: Map<string, number>
}

/** Lists in a row that a session must be missing in before it is another worker's. */
const MISSED_LISTS = 2

/**
 * What a list of assigned sessions changes. A session that is not in it goes on: the list may be
 * wrong. It is another worker's when it is missing again and that worker has it, or asks for it as
 * one that the backend gave it to.
 */
export function decide({ listed, known, missed: before, wanted }: Facts): Decision {
  const decision: Decision = {
    start: [],
    resume: [],
    handOver: [],
    unlisted: [],
    missed: new Map(),
  }
  for (const { id, state, desired, assignedBy, taken } of known) {
    const untried = desired === 'running' && (state === 'idle' || state === 'closed')
    if (listed.has(id)) {
      if (untried) decision.start.push(id)
      continue
    }
    const lists = (before.get(id) ?? 0) + 1
    decision.missed.set(id, lists)
    const worker = wanted.get(id)
    if (lists >= MISSED_LISTS && (taken || worker !== undefined))
      decision.handOver.push({ sessionId: id, worker })
    else if (assignedBy === 'backend' && untried) {
      if (lists >= MISSED_LISTS) decision.resume.push(id)
    } else if (assignedBy === 'backend' && !taken && desired === 'running')
      decision.unlisted.push(id)
  }
  return decision
}
