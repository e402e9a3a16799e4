import type { Result } from '../control/api.ts'
import type { GatewayError } from '../session/errors.ts'
import type { Fleet } from './fleet.ts'
import type { Journal } from './journal.ts'
import type { Board } from './recovery-board.ts'

export type Status = Result<'status'>
export type SessionShown = Result<'session.show'>
export type Backup = Result<'backup.list'>['backups'][number]
export type Run = Result<'recoveries.list'>['runs'][number]

/** Whether the daemon is heard. Times are milliseconds since the epoch. */
type Link =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'lost'; error: GatewayError; retryAt: number }

/** What has to be asked for; what was there stays while it is asked for again. */
export interface Loaded<T> {
  loading: boolean
  value?: T
  at?: number
  error?: GatewayError
}

export interface Details {
  id: string
  shown: Loaded<SessionShown>
  backups: Loaded<readonly Backup[]>
}

/** A pairing that this screen began. */
export interface Pairing {
  id: string
  qr?: string
  code?: string
  /** How it ended. */
  end?: { ok: boolean; text: string }
}

export interface Toast {
  text: string
  tone: 'good' | 'bad' | 'plain'
  until: number
}

/** What is known of the daemon; `Dashboard` alone changes it. */
export interface World {
  link: Link
  /** When the daemon was last heard. */
  heardAt: number
  status?: Status
  fleet: Fleet
  board: Board
  runs: Loaded<readonly Run[]>
  events: Journal
  logs: { journal: Journal; missing?: string }
  backups: Loaded<readonly Backup[]>
  details?: Details
  pairing?: Pairing
  toast?: Toast
}
