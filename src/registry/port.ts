import type { SessionState } from '../session/state.ts'
import type { CauseId } from '../session/cause.ts'

/** What the operator or the backend wants of a session. */
type DesiredState = 'running' | 'paused' | 'removed'

/** One session's metadata. Times are milliseconds since the epoch. */
export interface SessionRecord {
  id: string
  userId: string | null
  name: string | null
  /** Digits only, no plus sign. */
  phone: string | null
  desired: DesiredState
  /** Who gave it to this worker. */
  assignedBy: 'backend' | 'local'
  lastState: SessionState
  lastCause: CauseId | null
  createdAt: number
  pairedAt: number | null
  lastOnlineAt: number | null
  lastActivityAt: number | null
}

export type SessionPatch = Partial<Omit<SessionRecord, 'id' | 'createdAt'>>

/** Session metadata that outlives the process. Losing it loses no auth state. */
export interface Registry {
  list(): Promise<SessionRecord[]>
  find(id: string): Promise<SessionRecord | undefined>
  /** Creates the row where it is missing, then applies the patch; returns the row. */
  save(id: string, patch: SessionPatch): Promise<SessionRecord>
  remove(id: string): Promise<void>
  close(): Promise<void>
}
