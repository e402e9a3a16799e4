import type { AuthenticationCreds } from '@whiskeysockets/baileys'

import type { GatewayError } from '../session/errors.ts'

import { deviceOf, isAdoptionOf } from './adopted.ts'
import { isPaired } from './creds.ts'
import { ackSeqOf } from './acknowledged.ts'
import { Beginnings } from './beginnings.ts'
import { Boots } from './boots.ts'
import { faultsOf } from './check.ts'
import { toLocalSession, type SessionHead } from './heads.ts'
import { inspect } from './inspect.ts'
import type {
  AckMode,
  AuthHandle,
  AuthStore,
  BaseTag,
  Entry,
  Inspection,
  JournalEntry,
  LocalSession,
  SessionImage,
  ShippedEnd,
  PurgedQuarantine,
} from './port.ts'
import type { Pressure } from './pressure.ts'
import { copySession } from './quarantine.ts'
import { purgeQuarantine } from './purge-quarantine.ts'
import type { Reader } from './reader.ts'
import { Scanner } from './scanner.ts'
import { SessionHandle } from './session-handle.ts'
import type { Revive } from './creds.ts'
import { busy, Sessions } from './sessions.ts'
import { quarantinePath } from './state-files.ts'
import type { Opened, Writer } from './writer.ts'

interface Parts {
  stateDir: string
  file: string
  quarantined: string | undefined
  opened: Opened
  writer: Writer
  reader: Reader
  pressure: Pressure
  ack: AckMode
  revive: Revive
  /** Milliseconds since the epoch. */
  now: () => number
  /** Gives the lock back. */
  release: () => void
}

/** The AuthStore of open.ts. Only this process writes the file, so the heads in memory are true. */
export class LocalAuthStore implements AuthStore {
  readonly quarantined: string | undefined
  readonly #parts: Parts
  readonly #sessions: Sessions
  readonly #beginnings: Beginnings
  readonly #handles = new Map<string, SessionHandle>()
  readonly #boots: Boots
  readonly #scanner = new Scanner()
  /** Sessions of which nothing more is acknowledged, and where their ackSeq stands still. */
  readonly #suspensions = new Map<string, { reason: string; ackSeq: number }>()
  readonly #changeListeners = new Set<(sessionId: string) => void>()
  readonly #failureListeners = new Set<(error: Error) => void>()
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.quarantined = parts.quarantined
    this.#sessions = new Sessions(parts.opened.heads)
    this.#beginnings = new Beginnings(this.#sessions, parts)
    this.#boots = new Boots(parts.opened, parts.writer)
  }

  get boot(): string {
    return this.#boots.current
  }

  renewBoot(): Promise<string> {
    return this.#boots.renew()
  }

  isMine(boot: string): boolean {
    return this.#boots.isMine(boot)
  }

  nextSlot(boot: string): number {
    return this.#boots.nextSlot(boot)
  }

  list(): LocalSession[] {
    return Array.from(this.#sessions.heads.values(), toLocalSession)
  }

  find(sessionId: string): LocalSession | undefined {
    const head = this.#sessions.heads.get(sessionId)
    return head && toLocalSession(head)
  }

  hashAt(sessionId: string, seq: number): string | undefined {
    const head = this.#sessions.heads.get(sessionId)
    if (head === undefined || seq > head.seq) return undefined
    if (seq === head.seq) return head.hash
    const { reader } = this.#parts
    return reader.change(head, seq)?.hash ?? reader.change(head, seq + 1)?.previous
  }

  create(
    sessionId: string,
    creds: AuthenticationCreds,
    base?: { seq: number; hash: string },
  ): Promise<void> {
    return this.#beginnings.create(sessionId, creds, base)
  }

  adopt(
    sessionId: string,
    entries: readonly Entry[],
    base?: { seq: number; hash: string },
  ): Promise<void> {
    return this.#beginnings.adopt(sessionId, entries, base)
  }

  async adoptedFrom(sessionId: string, entries: readonly Entry[]): Promise<boolean> {
    return isAdoptionOf((await this.image(sessionId)).entries, entries)
  }

  install(image: SessionImage, tag: BaseTag): Promise<void> {
    return this.#beginnings.install(image, tag)
  }

  async tag(sessionId: string, tag: BaseTag, keep: boolean): Promise<void> {
    const { n } = this.#sessions.idle(sessionId)
    await this.#parts.writer.submit({ kind: 'tag', n, tag, keep })
  }

  async confirmEpoch(sessionId: string, epoch: number): Promise<void> {
    const { n } = this.#sessions.idle(sessionId)
    await this.#parts.writer.submit({ kind: 'epoch', n, epoch })
  }

  async confirmStored(sessionId: string, seq: number): Promise<void> {
    const { n, seq: newest } = this.#sessions.idle(sessionId)
    if (seq > newest) throw new RangeError(`change ${seq} of ${sessionId} does not exist yet`)
    await this.#parts.writer.submit({ kind: 'stored', n, seq })
  }

  journal(sessionId: string, afterSeq: number, maxBytes: number): JournalEntry[] {
    return this.#parts.reader.journal(this.#sessions.known(sessionId), afterSeq, maxBytes)
  }

  confirmShipped(boot: string, slot: number, ends: readonly ShippedEnd[]): Promise<void> {
    return this.#boots.shipped(boot, slot, ends, this.#sessions.heads)
  }

  onChanges(listener: (sessionId: string) => void): () => void {
    this.#changeListeners.add(listener)
    return () => {
      this.#changeListeners.delete(listener)
    }
  }

  get ack(): AckMode {
    return this.#parts.ack
  }

  suspend(sessionId: string, reason: string): void {
    const head = this.#sessions.heads.get(sessionId)
    if (head === undefined || this.#suspensions.has(sessionId)) return
    const handle = this.#handles.get(sessionId)
    handle?.suspend()
    const ackSeq = handle?.ackSeq ?? ackSeqOf(this.ack, head)
    this.#suspensions.set(sessionId, { reason, ackSeq })
  }

  suspendAll(reason: string): void {
    for (const sessionId of this.#sessions.heads.keys()) this.suspend(sessionId, reason)
  }

  resume(sessionId: string): void {
    if (this.#suspensions.delete(sessionId)) this.#handles.get(sessionId)?.resume()
  }

  suspended(sessionId: string): string | undefined {
    return this.#suspensions.get(sessionId)?.reason
  }

  faults(entries: readonly Entry[], options: { linked: boolean }): string[] {
    return faultsOf(entries, options, this.#parts.revive)
  }

  inspect(packed: Uint8Array): Promise<Inspection> {
    return inspect(packed, this.#parts.revive, (bytes) => this.#scanner.scan(bytes))
  }

  deviceOf(entries: readonly Entry[]): string | undefined {
    return deviceOf(entries)
  }

  isPaired({ entries }: SessionImage): boolean {
    return entries.some(({ type, value }) => type === 'creds' && isPaired(value))
  }

  async image(sessionId: string): Promise<SessionImage> {
    const { head, entries } = this.#parts.reader.image(this.#sessions.known(sessionId))
    const { seq, hash, changedAt } = head
    // The file shows a commit before its thread answers, and well before where a checkpoint follows.
    if (seq > this.#sessions.known(sessionId).seq)
      await this.#parts.writer.submit({ kind: 'barrier' })
    return { sessionId, seq, hash, changedAt, entries }
  }

  async quarantine(sessionId: string, reason: string): Promise<string> {
    const { stateDir, file } = this.#parts
    return this.#remove(sessionId, (head) => {
      const path = quarantinePath(stateDir, sessionId, new Date())
      copySession(file, head, path, reason)
      return path
    })
  }

  async purge(sessionId: string): Promise<void> {
    await this.#remove(sessionId, () => '')
  }

  purgeQuarantine(sessionId: string): PurgedQuarantine {
    return purgeQuarantine(this.#parts.stateDir, sessionId)
  }

  async open(sessionId: string): Promise<AuthHandle> {
    const head = this.#sessions.idle(sessionId)
    if (this.#parts.writer.failure !== undefined) throw this.#parts.writer.failure
    if (this.#handles.has(sessionId)) throw busy(sessionId)
    const { reader, writer, pressure, ack, revive, now } = this.#parts
    const frozenAt = this.#suspensions.get(sessionId)?.ackSeq
    const onClose = () => {
      this.#handles.delete(sessionId)
    }
    const handle = new SessionHandle(head, {
      reader,
      writer,
      pressure,
      ack,
      frozenAt,
      revive,
      now,
      onClose,
    })
    this.#handles.set(sessionId, handle)
    return handle
  }

  get pendingBytes(): number {
    return this.#parts.pressure.pendingBytes
  }

  onPressure(listener: (pressed: boolean) => void): () => void {
    return this.#parts.pressure.listen(listener)
  }

  writing(): { failure?: Error; committingMs: number } {
    const { failure, committingMs } = this.#parts.writer
    return { committingMs, ...(failure && { failure }) }
  }

  onCommit(listener: (ms: number) => void): () => void {
    return this.#parts.writer.onTimed(listener)
  }

  onFailure(listener: (error: Error) => void): void {
    const { failure } = this.#parts.writer
    if (failure === undefined) this.#failureListeners.add(listener)
    else queueMicrotask(() => listener(failure))
  }

  /** Makes everything durable and gives the lock back; rejects where the disk had failed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  committed(heads: SessionHead[]): void {
    const changed: string[] = []
    for (const head of heads) {
      const { sessionId, seq, storedSeq } = head
      const before = Math.max(this.#sessions.heads.get(sessionId)?.seq ?? 0, storedSeq)
      if (seq > before) changed.push(sessionId)
      if (!head.image && this.#sessions.heads.get(sessionId)?.image === true)
        this.#parts.reader.forget(head.n)
      this.#sessions.heads.set(sessionId, head)
      this.#handles.get(sessionId)?.committed(head)
    }
    for (const sessionId of changed)
      for (const listener of this.#changeListeners) listener(sessionId)
  }

  /** No change of this session becomes durable any more: what it follows on is damaged. */
  damaged(sessionId: string, error: GatewayError): void {
    const head = this.#sessions.heads.get(sessionId)
    if (head !== undefined) this.#parts.reader.forget(head.n)
    this.#handles.get(sessionId)?.damaged(error)
  }

  failed(error: GatewayError): void {
    for (const handle of this.#handles.values()) handle.failed(error)
    for (const listener of this.#failureListeners) listener(error)
    this.#failureListeners.clear()
  }

  async #close(): Promise<void> {
    try {
      await this.#scanner.close()
      await Promise.all(Array.from(this.#handles.values(), (handle) => handle.close()))
    } finally {
      try {
        // First, so that the writer's is the last connection and removes the write-ahead log.
        this.#parts.reader.close()
        await this.#parts.writer.close()
      } finally {
        this.#parts.release()
      }
    }
  }

  async #remove(sessionId: string, first: (head: SessionHead) => string): Promise<string> {
    const head = this.#sessions.known(sessionId)
    if (this.#handles.has(sessionId)) throw busy(sessionId)
    return this.#sessions.exclusively(sessionId, async () => {
      const result = first(head)
      await this.#parts.writer.submit({ kind: 'remove', n: head.n })
      this.#parts.reader.forget(head.n)
      this.#sessions.heads.delete(sessionId)
      this.#suspensions.delete(sessionId)
      return result
    })
  }
}
