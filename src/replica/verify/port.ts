/**
 * What damage does. `recovery`: the session cannot be brought back from the store as it is. `backup`:
 * one of its older backups cannot. `spare`: nothing that is needed now. `warning`: no damage to what
 * is stored; the session comes back, and something of it will not work.
 */
export type FindingSeverity = 'recovery' | 'backup' | 'spare' | 'warning'

/** Something wrong in the object store. */
export interface Finding {
  severity: FindingSeverity
  /** The object's name. */
  object: string
  /** Whose it is, or who needs it; absent where no session is concerned. */
  sessionId?: string
  /** What is wrong and what it means. */
  what: string
  /** What a person does next. */
  todo: string
}

/** Everything that the object store holds of one session was read. */
export interface SessionCheck {
  kind: 'session'
  sessionId: string
  /** `sound`: no more than warnings. `nothing`: none of it is stored. `unread`: `detail` says why it could not be told. */
  outcome: 'sound' | 'damaged' | 'nothing' | 'unread'
  epoch?: number
  /** The newest change that the store was found to hold. */
  seq?: number
  /** Snapshots that there are, and slots of logs that were read. */
  backups: number
  slots: number
  /** The snapshots that were read whole, by id. */
  read: { id: string; sound: boolean }[]
  findings: Finding[]
  detail?: string
}

/** What belongs to no one session: the log of one boot, by its name in the store. */
export interface PartCheck {
  kind: 'part'
  name: string
  outcome: 'sound' | 'damaged' | 'unread'
  /** Slots that are there. */
  slots: number
  findings: Finding[]
  detail?: string
}

/** `size` parts of `WHOLE` (src/replica/verify/sample.ts) from `from` on, by the hash of names. */
export interface DataSample {
  from: number
  size: number
}

export interface VerifyOptions {
  /** Default: everything that is stored, whoever owns it, and what lies beside the sessions. */
  sessionIds?: readonly string[]
  /**
   * Also reads log that no session needs any more and that is kept for going back. A sample: reads
   * the data of that part alone, and of the rest what tells that it is there.
   */
  readData?: boolean | DataSample
  /** With `sessionIds`: the logs of these workers too. */
  workers?: readonly string[]
  signal?: AbortSignal
}
