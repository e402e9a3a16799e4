import type { SessionState } from '../session/state.ts'

/** A session that this worker knows. */
interface Known {
  id: string
  state: SessionState
  desired: 'running' | 'paused' | 'removed' | undefined
  assignedBy: 'backend' | 'local' | undefined
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
  handOver: { sessionId: string; worker: string }[]
  /** They run here although the backend does not list them; nobody else asks for them. */
  unlisted: string[]
  missed: Map<string, number>
}

/** Lists in a row that a session must be missing in before it is another worker's. */
const MISSED_LISTS = 2

/**
 * What a list of assigned sessions changes. A session that is not in it goes on: the list may be
 * wrong. It is handed over when it is missing again and another worker, to which the backend must
 * have given it, asks for it.
 */
export function decide({ listed, known, missed: before, wanted }: Facts): Decision {
  const decision: Decision = { start: [], handOver: [], unlisted: [], missed: new Map() }
  for (const { id, state, desired, assignedBy } of known) {
    if (listed.has(id)) {
      const untried = state === 'idle' || state === 'closed'
      if (untried && desired === 'running') decision.start.push(id)
      continue
    }
    const lists = (before.get(id) ?? 0) + 1
    decision.missed.set(id, lists)
    const worker = wanted.get(id)
    if (worker !== undefined && lists >= MISSED_LISTS)
      decision.handOver.push({ sessionId: id, worker })
    else if (assignedBy === 'backend') decision.unlisted.push(id)
  }
  return decision
}
