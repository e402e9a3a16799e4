import type {
  AuthenticationCreds,
  AuthenticationState,
  SignalKeyStore,
} from '@whiskeysockets/baileys'

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
  /** When the change `seq` was made, in milliseconds since the epoch; 0 where there is none. */
  changedAt: number
  entries: Entry[]
  /** These very entries as src/authstate/packed.ts packs them, where they came so. */
  packed?: Uint8Array
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
  /** When the newest change was made, in milliseconds since the epoch. */
  changedAt: number
  tags: BaseTag[]
  /** The newest change that the object store confirmed; 0 when none. */
  storedSeq: number
  /** The highest epoch that the object store confirmed to be ours. */
  confirmedEpoch: number
  /** creds.account exists: a phone linked this device. (creds.registered stays false after QR.) */
  paired: boolean
  /** Values that changed since an image was installed may count twice, until it becomes rows. */
  keys: number
  /** Bytes of the durable changes after storedSeq, which the journal keeps for the object store. */
  backlogBytes: number
}

/** One durable change that the journal keeps until the object store has it. */
export interface JournalEntry {
  seq: number
  /** Chain hashes before and after the change, in hex. */
  previous: string
  hash: string
  /** The change as src/authstate/record.ts encodes it, complete in itself; owns its buffer. */
  record: Uint8Array
}

/** The newest change of one session in a bundle that the object store confirmed. */
export interface ShippedEnd {
  sessionId: string
  seq: number
  /** Chain hash at `seq`, in hex: says that the local history still is the one that was shipped. */
  hash: string
}

/** Values of a session that do not go together, and what comes of it; no key material is in it. */
export interface Doubt {
  what: string
  means: string
}

/** What is to be said of a session's values. */
export interface Inspection {
  /** Values beside the creds. */
  keys: number
  /** What a connection would stumble over. */
  faults: string[]
  /** What a connection survives. */
  doubts: Doubt[]
}

/** Paths of files that were set aside. */
export interface PurgedQuarantine {
  deleted: string[]
  /** What stays although the session is, or may be, in it. */
  stayed: { path: string; why: string }[]
}

/**
 * When a change counts as acknowledged: durable on this disk, or in the object store too.
 */
export type AckMode = 'local' | 'remote'

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
  /**
   * The slot after the last one that confirmShipped noted for a boot of this state.db; 0 when none.
   * It is as durable as the confirmation: after a crash one bundle, the one that was in flight, may
   * be in the object store at this slot. Throws RangeError for a boot that is not `isMine`.
   */
  nextSlot(boot: string): number

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
   * The same with all values of a session that another program kept, as one change: after a crash
   * there is the whole of it or nothing. The gateway's own values that stand among them are kept.
   */
  adopt(
    sessionId: string,
    entries: readonly Entry[],
    base?: { seq: number; hash: string },
  ): Promise<void>
  /**
   * Whether the local state consists of these values or, adopted from them, went on since. Throws
   * `session.unknown`.
   */
  adoptedFrom(sessionId: string, entries: readonly Entry[]): Promise<boolean>
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
  /**
   * The durable changes after `afterSeq` that the object store has not confirmed (those up to
   * storedSeq are gone), oldest first and without holes. As many as fit into `maxBytes` of records,
   * but at least one where there is one. Throws `session.unknown`, and `state.corrupt` where a change
   * is damaged or missing.
   */
  journal(sessionId: string, afterSeq: number, maxBytes: number): JournalEntry[]
  /**
   * Notes in one transaction that the object store holds the bundle in `slot` of `boot`: the boot's
   * nextSlot becomes slot + 1, every end's storedSeq its seq, the journal below it goes. Then
   * `ack: remote` acknowledges. Slots come without holes: throws RangeError where `slot` is beyond
   * nextSlot; a repeated one changes nothing. An end is passed over where the session is gone or its
   * local history has another hash there (it was set aside and restored meanwhile).
   */
  confirmShipped(boot: string, slot: number, ends: readonly ShippedEnd[]): Promise<void>
  /**
   * Called after a commit for every session that has new durable changes. Returns the unsubscribe
   * function.
   */
  onChanges(listener: (sessionId: string) => void): () => void

  readonly ack: AckMode
  /**
   * From now on nothing more of the session is acknowledged, whatever becomes durable or stored:
   * ackSeq stands still and promises of `keys.set` never settle. For a session that was lost and
   * while this worker is fenced. It holds for handles opened later too, until `resume`, or until the
   * local state is set aside or purged. Unknown sessions are ignored.
   */
  suspend(sessionId: string, reason: string): void
  /** Suspends every session that there is. */
  suspendAll(reason: string): void
  /** Ends a suspension: ackSeq catches up at once. */
  resume(sessionId: string): void
  /** Why the session is suspended; undefined where it is not. */
  suspended(sessionId: string): string | undefined

  /** Whether an image is of a linked device; `LocalSession.paired` once it is installed. */
  isPaired(image: SessionImage): boolean
  /** Which linked device these values are, as `<phone>:<device>@s.whatsapp.net`, where they say so. */
  deviceOf(entries: readonly Entry[]): string | undefined
  /**
   * What a connection would stumble over in these values: keys that cannot be decoded, creds without
   * identity (`linked`: or without the account that links them). Empty where there is nothing.
   */
  faults(entries: readonly Entry[], options: { linked: boolean }): string[]
  /**
   * The same of the state of a linked device as src/authstate/packed.ts packs it, with how many keys
   * there are and what does not go together. The bytes change hands, with the buffer behind them.
   * Rejects where they are no packed entries.
   */
  inspect(packed: Uint8Array): Promise<Inspection>
  /** The committed state, consistent at its seq, which `find` knows of by then. */
  image(sessionId: string): Promise<SessionImage>
  /** Sets the local state aside under `quarantine/` in the state directory; returns the file's path. */
  quarantine(sessionId: string, reason: string): Promise<string>
  /** Deletes the local state of a session that was logged out or removed. */
  purge(sessionId: string): Promise<void>
  /** Deletes what was set aside of a session, but for files that hold others too. */
  purgeQuarantine(sessionId: string): PurgedQuarantine

  /** Opens a session for a socket. Only one handle at a time: a second open throws `session.busy`. */
  open(sessionId: string): Promise<AuthHandle>

  /** Bytes of changes that wait for the disk. */
  readonly pendingBytes: number
  /**
   * Called with true when pendingBytes passes the high mark (sockets should pause), with false when
   * it is back below half of it. Returns the unsubscribe function.
   */
  onPressure(listener: (pressed: boolean) => void): () => void

  /**
   * For health checks: why nothing becomes durable any more, where that is so, and how long the
   * commit under way has waited for the disk, in milliseconds; 0 where there is none.
   */
  writing(): { failure?: Error; committingMs: number }
  /** Called after each group commit with the milliseconds it took. Returns the unsubscribe function. */
  onCommit(listener: (ms: number) => void): () => void

  /** Called once when a write failed for good (EIO, ENOSPC): everything is sealed, the daemon stops. */
  onFailure(listener: (error: Error) => void): void
  close(): Promise<void>
}

/** The auth state of one open session, as Baileys wants it. */
export interface AuthHandle {
  readonly sessionId: string
  /**
   * `creds` is changed in place by Baileys. `keys.set` resolves when ackSeq has reached its change;
   * reads see it at once.
   */
  readonly state: AuthenticationState
  /**
   * The same keys for whoever lets nothing out before ackSeq allows it: `set` resolves when its
   * change is made, so that many changes share a commit or a bundle. While more than 256 changes
   * wait to be acknowledged, it waits too. Once sealed it never settles, as that of `state`.
   */
  readonly keysAhead: SignalKeyStore
  /** Newest change made, and newest change known to be durable. */
  readonly seq: number
  readonly durableSeq: number
  /**
   * Serialises the creds as they are now into the next change. Call it in the `creds.update`
   * listener. Resolves when the change is durable on this disk; it is acknowledged in its turn.
   */
  saveCreds(): Promise<void>
  /**
   * Resolves when every change up to `seq` (default: all made so far) is durable on this disk, in
   * either mode.
   */
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
   * Reads every value that is stored and checks it: opening checks the creds, and that no value is
   * missing or moved; the others are checked when they are read. Damage is told as by a failed read,
   * and thrown. Takes some milliseconds of the event loop.
   */
  verify(): void
  /**
   * Called once when a read found damage (`state.corrupt`). The handle is sealed then and the read
   * never settles, since Baileys would refuse the message; stop the socket and restore the session.
   * Without a listener the read rejects.
   */
  onDamage(listener: (error: Error) => void): void
  /**
   * From now on a new `keys.set` returns a promise that never settles (a rejection would make
   * Baileys NACK the message), so nothing more is acknowledged. Resolves when all earlier changes
   * are durable on this disk and, with `ack: remote`, when they were acknowledged or `deadlineMs`
   * (default 0) have passed. It never waits for what cannot settle: it rejects at once when the disk
   * has failed, and a suspension ends the wait. `saveCreds` still works, for what `sock.end()` leaves.
   */
  seal(options?: { deadlineMs?: number }): Promise<void>
  close(): Promise<void>
}
