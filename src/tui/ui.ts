import type { Position } from './position.ts'
import { START } from './position.ts'
import { SORTS, type Sort } from './sorting.ts'

export const VIEWS = ['sessions', 'recovery', 'backups', 'events', 'logs'] as const
export type View = (typeof VIEWS)[number]

/** What a person may have done with sessions; none goes back in time. */
export type Action = 'recover' | 'preserve' | 'backup'

/**
 * What lies over the list: the help; the details of a session, `top` lines scrolled; an action that
 * waits for a yes; a pairing, with the phone's number as it is typed where a QR code has no room.
 */
export type Overlay =
  | { kind: 'help'; top: number }
  | { kind: 'details'; id: string; top: number }
  | { kind: 'confirm'; action: Action; ids: readonly string[] }
  | { kind: 'pairing'; id: string; phone?: string }

/** What the person at the keyboard chose; `press` alone changes it. */
export interface Ui {
  view: View
  overlay?: Overlay
  positions: Readonly<Record<View, Position>>
  marks: ReadonlySet<string>
  /** One filter for all lists. */
  filter: string
  /** The filter is being typed. */
  typing: boolean
  sort: Sort
}

export const FIRST_UI: Ui = {
  view: 'sessions',
  positions: { sessions: START, recovery: START, backups: START, events: START, logs: START },
  marks: new Set(),
  filter: '',
  typing: false,
  sort: SORTS[0],
}
