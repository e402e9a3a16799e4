import type { Generated } from 'kysely'
import type {
  OutboxRow,
  RecoveryRun,
  SessionRecord,
  VerifiedBackup,
  VerifiedSession,
} from './port.ts'

type Nullable<T> = { [K in keyof T]-?: Exclude<T[K], undefined> | null }
type RunTable = Required<Omit<RecoveryRun, 'id' | 'source' | 'endedAt'>> &
  Nullable<Pick<RecoveryRun, 'source' | 'endedAt'>>

/** The tables as Kysely sees them: CamelCasePlugin turns `last_state` into `lastState`. */
export interface Tables {
  sessions: SessionRecord
  outbox: OutboxRow & { refusedAt: number | null; error: string | null }
  numbers: { name: string; value: number }
  recoveryRuns: RunTable & { id: Generated<number> }
  recoveryResults: {
    run: number
    session: string
    /** A RecoveryResult as JSON. */
    result: string
  }
  verifiedSessions: VerifiedSession
  verifiedBackups: Omit<VerifiedBackup, 'sound'> & {
    /** 0 or 1. */
    sound: number
  }
}
