import type { AuthenticationCreds, AuthenticationState } from '@whiskeysockets/baileys'

/** One stored value. Creds are type `creds`, id ``; the other types are Baileys' key types. */
export interface Entry {
  type: string
  id: string
  /** As src/authstate/codec.ts encodes it. */
  value: Uint8Array
}

/** A session's whole committed state at one sequence number. */
export interface SessionImage {
  sessionId: string
  /** Number of changes since the session began; grows by one a change, never falls. */
  seq: number
  /** Hex sha256 chaining every change up to `seq` (src/authstate/chain.ts). */
  hash: string
  entries: Entry[]
}

/** Says on the local disk which epochs and boots a session's local state may continue. */
export interface BaseTag {
  epoch: number
  /** 32 hex digits: the boot that owned the session in that epoch. */
  boot: string
}

/** What the local disk knows of one session, for the recovery plan. */
export interface LocalSession {
  sessionId: string
  seq: number
  hash: string
  tags: BaseTag[]
  /** The newest change that the object store confirmed; 0 when none. */
  storedSeq: number
  /** The highest epoch that the object store confirmed to be ours. */
  confirmedEpoch: number
  /** creds.account exists: a phone linked this device. (creds.registered stays false after QR.) */
  paired: boolean
  keys: number
}

/**
 * The durable local auth state of all sessions: one SQLite file, one writing thread, group commit.
 * Every method that changes something resolves only when the change would survive a power cut.
 */
export interface AuthStore {
  /** Where a state.db that failed its checks was set aside when the store was opened. */
  readonly quarantined: string | undefined

  /** This process' boot id: 128 random bits in hex, durable before use. */
  readonly boot: string
  /** Mints and stores another boot id (after this one was fenced). */
  renewBoot(): Promise<string>
  /** True for boots minted by this very state.db. */
  isMine(boot: string): boolean

  list(): LocalSession[]
  find(sessionId: string): LocalSession | undefined
  /** The chain hash at `seq`, if the local state still knows it (the current seq, or journalled). */
  hashAt(sessionId: string, seq: number): string | undefined

  /**
   * Begins a state without history or, after `base`, one whose seq goes on from there. Throws
   * `session.busy` where local state of this session exists.
   */
  create(
    sessionId: string,
    creds: AuthenticationCreds,
    base?: { seq: number; hash: string },
  ): Promise<void>
  /**
   * Puts an image that came out of the object store in place in one transaction, so its storedSeq
   * is the image's seq; throws `session.busy` where local state exists.
   */
  install(image: SessionImage, tag: BaseTag): Promise<void>
  /** Durably notes the base before a claim; `keep` keeps the older tags (warm claims). */
  tag(sessionId: string, tag: BaseTag, keep: boolean): Promise<void>
  /** Notes that the object store confirmed our ownership in this epoch; older tags may go. */
  confirmEpoch(sessionId: string, epoch: number): Promise<void>
  /** Notes that the object store holds everything up to `seq`; the journal below it may go. */
  confirmStored(sessionId: string, seq: number): Promise<void>
  /** The committed state, consistent at its seq. */
  image(sessionId: string): Promise<SessionImage>
  /** Sets the local state aside under `quarantine/` in the state directory; returns the file's path. */
  quarantine(sessionId: string, reason: string): Promise<string>
  /** Deletes the local state of a session that was logged out or removed. */
  purge(sessionId: string): Promise<void>

  /** Opens a session for a socket. Only one handle at a time: a second open throws `session.busy`. */
  open(sessionId: string): Promise<AuthHandle>

  /** Bytes of changes that wait for the disk. */
  readonly pendingBytes: number
  /**
   * Called with true when pendingBytes passes the high mark (sockets should pause), with false when
   * it is back below half of it. Returns the unsubscribe function.
   */
  onPressure(listener: (pressed: boolean) => void): () => void

  /** Called once when a write failed for good (EIO, ENOSPC): everything is sealed, the daemon stops. */
  onFailure(listener: (error: Error) => void): void
  close(): Promise<void>
}

/** The auth state of one open session, as Baileys wants it. */
export interface AuthHandle {
  readonly sessionId: string
  /** `creds` is changed in place by Baileys; `keys.set` resolves when durable and reads see it at once. */
  readonly state: AuthenticationState
  /** Newest change made, and newest change known to be durable. */
  readonly seq: number
  readonly durableSeq: number
  /** Serialises the creds as they are now into the next change. Call it in the `creds.update` listener. */
  saveCreds(): Promise<void>
  /** Resolves when every change up to `seq` (default: all made so far) is durable. */
  whenDurable(seq?: number): Promise<void>
  /**
   * Newest change that may be acknowledged to WhatsApp: durable on this disk (`ack: local`), or in
   * the object store (`ack: remote`). Frames that rest on later changes are held back.
   */
  readonly ackSeq: number
  /** Called whenever ackSeq grew. Returns the unsubscribe function. */
  onAck(listener: (ackSeq: number) => void): () => void
  /** Called after each group commit that advanced durableSeq. Returns the unsubscribe function. */
  onDurable(listener: (durableSeq: number) => void): () => void
  /**
   * Called once when a read found damage (`state.corrupt`). The handle is sealed then and the read
   * never settles, since Baileys would refuse the message; stop the socket and restore the session.
   * Without a listener the read rejects.
   */
  onDamage(listener: (error: Error) => void): void
  /**
   * From now on a new `keys.set` returns a promise that never settles (a rejection would make
   * Baileys NACK the message), so nothing more is acknowledged. Resolves when all earlier changes
   * are durable. `saveCreds` still works, for what `sock.end()` leaves.
   */
  seal(): Promise<void>
  close(): Promise<void>
}
