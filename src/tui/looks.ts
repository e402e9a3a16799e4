import { SESSION_STATES, type SessionState } from '../session/state.ts'
import type { Color } from './line.ts'

/** How a state is shown: always its word, a glyph before it, and a colour where there are colours. */
interface Look {
  glyph: string
  color?: Color
}

/** The worst first. */
const LOOKS: Record<SessionState, Look> = {
  failed: { glyph: '✗', color: 'red' },
  conflict: { glyph: '≠', color: 'red' },
  banned: { glyph: '⊘', color: 'red' },
  'needs-pairing': { glyph: '?', color: 'magenta' },
  reconnecting: { glyph: '↻', color: 'yellow' },
  pairing: { glyph: '?', color: 'magenta' },
  restoring: { glyph: '↓', color: 'cyan' },
  connecting: { glyph: '→', color: 'cyan' },
  queued: { glyph: '…', color: 'blue' },
  closing: { glyph: '▿', color: 'blue' },
  idle: { glyph: '○' },
  closed: { glyph: '‖' },
  online: { glyph: '●', color: 'green' },
}

/** Every state, the worst first. */
export const WORST_FIRST = Object.keys(LOOKS) as SessionState[]

const RANKS = Object.fromEntries(WORST_FIRST.map((state, rank) => [state, rank])) as Record<
  SessionState,
  number
>

/** 0 is the worst. */
export function rank(state: SessionState): number {
  return RANKS[state]
}

export function look(state: SessionState): Look {
  return LOOKS[state]
}

/** Columns that the longest state takes with its glyph. */
export const STATE_COLUMNS = 2 + Math.max(...SESSION_STATES.map((state) => state.length))
