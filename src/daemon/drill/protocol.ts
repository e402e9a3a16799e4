import type { ErrorJson } from '../../session/errors.ts'

/** Where copies log in: at a simulator of the thread's own, or at one that runs already. */
export type LoginTarget = 'own' | { url: string; root: string }

export interface ThreadOptions {
  /** The scratch directory. */
  dir: string
  login: LoginTarget | undefined
  /** Milliseconds that a login may take. */
  timeoutMs: number
}

/** A session's state as it was read from the object store. */
export interface CopyRequest {
  sessionId: string
  seq: number
  hash: string
  /** When the newest change was made, in milliseconds since the epoch. */
  changedAt: number
  /** As src/authstate/packed.ts packs it. */
  packed: Uint8Array
}

export interface CopyResult {
  /** What the scratch state holds after the restore, packed likewise, and its place in the history. */
  packed: Uint8Array
  seq: number
  hash: string
  /** Milliseconds. */
  installMs: number
  loginMs?: number
  /** Why the copy did not get online. */
  loginError?: string
  /** Until a message was read, and another had arrived that the copy sent. */
  exchangeMs?: number
  /** Why one of the two did not happen. */
  exchangeError?: string
}

export type ToThread = { kind: 'copy'; request: CopyRequest } | { kind: 'close' }

export type FromThread =
  | { kind: 'ready' }
  | { kind: 'copied'; result: CopyResult }
  | { kind: 'failed'; error: ErrorJson }
  | { kind: 'closed' }
