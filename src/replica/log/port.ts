/** How far the object store is behind this disk, over all sessions that this process serves. */
export interface ShipLag {
  /** Durable changes that the store has not confirmed, and the bytes of their records. */
  changes: number
  bytes: number
  /** Milliseconds since the oldest of them was seen; 0 when there is none. */
  oldestMs: number
  /** Why the last attempt to store a bundle failed; absent while it works. */
  error?: string
}

/** Changes that were acknowledged here but never stored, of a session that another worker has now. */
export interface Forfeit {
  sessionId: string
  /** How many changes; they lie in `quarantine` as soon as the session is claimed or set aside here. */
  changes: number
  /** The worker that took the session, where known. */
  by?: string
  /** Milliseconds since the epoch. */
  at: number
}

/** Another worker asks for a session that this process holds. */
export interface Wanted {
  sessionId: string
  worker: string
  boot: string
  /** Milliseconds since the epoch, by the clock of the one who asks. */
  at: number
}

/** What became of the sessions of a boot that was fenced. */
export interface FencedReport {
  /** The boot that may write no more, and the one that goes on. */
  boot: string
  next: string
  /** Sessions that stay here under the new boot; their sockets may stay open. */
  kept: string[]
  /** Sessions that somebody else has; onLost was called for each. */
  lost: string[]
}
