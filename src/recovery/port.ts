import type { CauseId, Outage } from '../session/cause.ts'
import type { RecoveryResult, RecoveryRoute, RecoveryTrigger } from '../session/report.ts'

/** What is said of one session's recovery beside who it is and how often it was tried. */
type Told = Omit<RecoveryResult, 'attempts' | 'durations' | 'outcome' | 'sessionId'>

/** One session to recover, as the engine goes through it. An attempt is `restore`, then `connect`. */
export interface RecoveryTask {
  sessionId: string
  /** When it was last used, in milliseconds since the epoch: the newest goes first. */
  lastActivity?: number
  /**
   * Goes further than another recovery of this session that may be under way (a take-over): where
   * that one does not bring it online, this one begins anew.
   */
  insistent?: true
  /** What is left to do, asked before each attempt; an outcome where there is nothing. */
  standing(): 'restore' | 'connect' | AttemptOutcome
  /** The engine takes charge of the session, or gives it back with its result. */
  begin?(): void
  end?(result: RecoveryResult): void
  /** It is tried again then; undefined: it is its turn. */
  waits?(until: number | undefined): void
  /** Brings the auth state to where a socket may be opened: no login. */
  restore(signal: AbortSignal): Promise<RestoreOutcome>
  /** Opens the connection and resolves when it is `open`, or with why it is not. */
  connect(signal: AbortSignal): Promise<AttemptOutcome>
}

export type RestoreOutcome =
  /** `unasked`: without the object store, so this does not say that it is there. */
  { kind: 'ready'; route: RecoveryRoute; unasked?: boolean } | AttemptOutcome

export type AttemptOutcome =
  | { kind: 'recovered'; result: Told }
  | { kind: 'skipped'; result: Told }
  | { kind: 'failed'; retryable: boolean; result: Told }

/** All of one kind wait: logins while WhatsApp is away, restores while the object store is. */
export interface Pause {
  outage: Outage
  cause: CauseId
  /** Milliseconds since the epoch. */
  since: number
  /** Sessions that were let through one by one to see whether it is over. */
  probes: number
}

interface PauseBegan extends Pause {
  type: 'paused'
}

export type PauseEvent =
  | PauseBegan
  | { type: 'probe'; outage: Outage; sessionId: string; probes: number }
  | { type: 'resumed'; outage: Outage; pausedMs: number }

export type RecoveryEvent =
  | { type: 'begin'; total: number }
  | { type: 'attempt'; sessionId: string; attempt: number }
  /** Its state is on the disk and it waits for its turn to log in. */
  | { type: 'restored'; sessionId: string; route: RecoveryRoute; ms: number }
  | { type: 'retry'; sessionId: string; attempt: number; delayMs: number; detail: string }
  | PauseEvent
  | { type: 'settled'; result: RecoveryResult; done: number; total: number }
  | { type: 'end'; results: RecoveryResult[] }

export interface RunOptions {
  /** For the record of the run; `operator` unless given. */
  trigger?: RecoveryTrigger
  signal?: AbortSignal
  onEvent?: (event: RecoveryEvent) => void
  /** Sessions of this run that log in at the same time, instead of the configured number. */
  concurrency?: number
  /** Milliseconds that an attempt may take, instead of the configured ones. */
  timeoutMs?: number
  /** Milliseconds after which the run ends; what is not online by then has failed. */
  deadlineMs?: number
  /** Attempts after the first, instead of the configured number. */
  maxRetries?: number
}

/**
 * Runs many recoveries: admission, timeouts, retries, pauses. Never rejects for a session's failure.
 * A session that is being recovered already is joined, not recovered twice; it is given up when
 * nobody waits for it any more.
 */
export interface RecoveryEngine {
  run(tasks: RecoveryTask[], options: RunOptions): Promise<RecoveryResult[]>
}

/** A login that was admitted; whoever holds it says once how it ended. */
export interface Turn {
  /** `undefined`: it got through. */
  end(cause: CauseId | undefined): void
}

export interface LoginRequest {
  sessionId: string
  /** Logins that this session has had in vain. */
  tries: number
  /** When it was last used, in milliseconds since the epoch. */
  lastActivity?: number
  /** WhatsApp or a person waits for it: it goes first, and only the rate holds it back. */
  urgent?: true
  signal: AbortSignal
}

/** Admission of logins outside of recoveries, under the same rate, slots and pauses. */
export interface LoginGate {
  /** Resolves when the session may log in; rejects when the signal aborts first. */
  enter(request: LoginRequest): Promise<Turn>
  /** What is paused at the moment. */
  pauses(): Pause[]
  /** Returns the unsubscribe function. */
  onPause(listener: (event: PauseEvent) => void): () => void
}
