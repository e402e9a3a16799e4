import type { AuthenticationCreds } from '@whiskeysockets/baileys'

import { GatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'
import { ADOPTED_TYPE } from '../session/own-type.ts'

import { adoptionMark, deviceOf, isAdoptionOf } from './adopted.ts'
import { isPaired } from './creds.ts'
import { ackSeqOf } from './acknowledged.ts'
import { Boots } from './boots.ts'
import { GENESIS_HASH } from './chain.ts'
import { faultsOf } from './check.ts'
import { encodeValue } from './codec.ts'
import { emptyHead, toLocalSession, type SessionHead } from './heads.ts'
import { inspect } from './inspect.ts'
import { packEntriesPlain } from './packed.ts'
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
import { encodeRecord } from './record.ts'
import { SessionHandle } from './session-handle.ts'
import { decodeCreds } from './creds.ts'
import type { Revive } from './creds.ts'
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
  readonly #heads: Map<string, SessionHead>
  readonly #handles = new Map<string, SessionHandle>()
  /** Sessions that are being created or taken away: nothing else may begin on them. */
  readonly #busy = new Set<string>()
  readonly #boots: Boots
  /** Sessions of which nothing more is acknowledged, and where their ackSeq stands still. */
  readonly #suspensions = new Map<string, { reason: string; ackSeq: number }>()
  readonly #changeListeners = new Set<(sessionId: string) => void>()
  readonly #failureListeners = new Set<(error: Error) => void>()
  #nextNumber: number
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    const { heads } = parts.opened
    this.#parts = parts
    this.quarantined = parts.quarantined
    this.#heads = new Map(heads.map((head) => [head.sessionId, head]))
    this.#boots = new Boots(parts.opened, parts.writer)
    this.#nextNumber = heads.reduce((max, head) => Math.max(max, head.n), 0) + 1
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
    return Array.from(this.#heads.values(), toLocalSession)
  }

  find(sessionId: string): LocalSession | undefined {
    const head = this.#heads.get(sessionId)
    return head && toLocalSession(head)
  }

  hashAt(sessionId: string, seq: number): string | undefined {
    const head = this.#heads.get(sessionId)
    if (head === undefined || seq > head.seq) return undefined
    if (seq === head.seq) return head.hash
    const { reader } = this.#parts
    return reader.change(head, seq)?.hash ?? reader.change(head, seq + 1)?.previous
  }

  async create(
    sessionId: string,
    creds: AuthenticationCreds,
    base = { seq: 0, hash: GENESIS_HASH },
  ): Promise<void> {
    const value = encodeValue(creds)
    await this.#createWith(sessionId, [{ type: 'creds', id: '', value }], base)
  }

  async adopt(
    sessionId: string,
    entries: readonly Entry[],
    base = { seq: 0, hash: GENESIS_HASH },
  ): Promise<void> {
    const others = entries.filter(({ type }) => type !== ADOPTED_TYPE)
    await this.#createWith(sessionId, [...others, adoptionMark(entries)], base)
  }

  async adoptedFrom(sessionId: string, entries: readonly Entry[]): Promise<boolean> {
    return isAdoptionOf((await this.image(sessionId)).entries, entries)
  }

  async install(image: SessionImage, tag: BaseTag): Promise<void> {
    const { sessionId, seq, hash, changedAt, entries } = image
    const creds = entries.find((entry) => entry.type === 'creds' && entry.id === '')
    decodeCreds(sessionId, creds?.value)
    const paired = creds !== undefined && isPaired(creds.value)
    const keys = entries.filter(({ type }) => type !== 'creds').length
    // A copy, since it changes hands: the caller keeps what is his.
    const { packed } = image
    const body = packed === undefined ? packEntriesPlain(entries) : new Uint8Array(packed)
    await this.#begin(sessionId, async (head) => {
      const at = { ...head, seq, hash, changedAt, storedSeq: seq, tags: [tag], paired, keys }
      await this.#parts.writer.submit({ kind: 'install', head: at, body }, body.length)
      this.#parts.reader.keep(head.n, entries)
    })
  }

  async tag(sessionId: string, tag: BaseTag, keep: boolean): Promise<void> {
    const { n } = this.#idle(sessionId)
    await this.#parts.writer.submit({ kind: 'tag', n, tag, keep })
  }

  async confirmEpoch(sessionId: string, epoch: number): Promise<void> {
    const { n } = this.#idle(sessionId)
    await this.#parts.writer.submit({ kind: 'epoch', n, epoch })
  }

  async confirmStored(sessionId: string, seq: number): Promise<void> {
    const { n, seq: newest } = this.#idle(sessionId)
    if (seq > newest) throw new RangeError(`change ${seq} of ${sessionId} does not exist yet`)
    await this.#parts.writer.submit({ kind: 'stored', n, seq })
  }

  journal(sessionId: string, afterSeq: number, maxBytes: number): JournalEntry[] {
    return this.#parts.reader.journal(this.#known(sessionId), afterSeq, maxBytes)
  }

  confirmShipped(boot: string, slot: number, ends: readonly ShippedEnd[]): Promise<void> {
    return this.#boots.shipped(boot, slot, ends, this.#heads)
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
    const head = this.#heads.get(sessionId)
    if (head === undefined || this.#suspensions.has(sessionId)) return
    const handle = this.#handles.get(sessionId)
    handle?.suspend()
    const ackSeq = handle?.ackSeq ?? ackSeqOf(this.ack, head)
    this.#suspensions.set(sessionId, { reason, ackSeq })
  }

  suspendAll(reason: string): void {
    for (const sessionId of this.#heads.keys()) this.suspend(sessionId, reason)
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
    return inspect(packed, this.#parts.revive)
  }

  deviceOf(entries: readonly Entry[]): string | undefined {
    return deviceOf(entries)
  }

  isPaired({ entries }: SessionImage): boolean {
    return entries.some(({ type, value }) => type === 'creds' && isPaired(value))
  }

  async image(sessionId: string): Promise<SessionImage> {
    const { head, entries } = this.#parts.reader.image(this.#known(sessionId))
    const { seq, hash, changedAt } = head
    // The file shows a commit before its thread answers, and well before where a checkpoint follows.
    if (seq > this.#known(sessionId).seq) await this.#parts.writer.submit({ kind: 'barrier' })
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
    const head = this.#idle(sessionId)
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
      const before = Math.max(this.#heads.get(sessionId)?.seq ?? 0, storedSeq)
      if (seq > before) changed.push(sessionId)
      if (!head.image && this.#heads.get(sessionId)?.image === true)
        this.#parts.reader.forget(head.n)
      this.#heads.set(sessionId, head)
      this.#handles.get(sessionId)?.committed(head)
    }
    for (const sessionId of changed)
      for (const listener of this.#changeListeners) listener(sessionId)
  }

  /** No change of this session becomes durable any more: what it follows on is damaged. */
  damaged(sessionId: string, error: GatewayError): void {
    const head = this.#heads.get(sessionId)
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

  async #createWith(
    sessionId: string,
    writes: readonly Entry[],
    base: { seq: number; hash: string },
  ): Promise<void> {
    decodeCreds(sessionId, writes.find(({ type, id }) => type === 'creds' && id === '')?.value)
    await this.#begin(sessionId, (head) => {
      const previous = Buffer.from(base.hash, 'hex')
      const { record } = encodeRecord(base.seq + 1, previous, writes, this.#parts.now())
      const at = { ...head, seq: base.seq, hash: base.hash, storedSeq: base.seq }
      return this.#parts.writer.submit({ kind: 'create', head: at, record }, record.length)
    })
  }

  #known(sessionId: string): SessionHead {
    const head = this.#heads.get(sessionId)
    if (head !== undefined) return head
    throw new GatewayError({
      code: 'session.unknown',
      subject: sessionId,
      message: `there is no local state of session ${sessionId}`,
      hint: `run \`wa-gateway recover --session ${sessionId}\`, or pair it`,
    })
  }

  /** A known session that is not being taken away. */
  #idle(sessionId: string): SessionHead {
    if (this.#busy.has(sessionId)) throw busy(sessionId)
    return this.#known(sessionId)
  }

  async #begin(sessionId: string, write: (head: SessionHead) => Promise<void>): Promise<void> {
    assertSessionId(sessionId)
    if (this.#heads.has(sessionId)) throw busy(sessionId)
    await this.#exclusively(sessionId, () => write(emptyHead(this.#nextNumber++, sessionId)))
  }

  async #remove(sessionId: string, first: (head: SessionHead) => string): Promise<string> {
    const head = this.#known(sessionId)
    if (this.#handles.has(sessionId)) throw busy(sessionId)
    return this.#exclusively(sessionId, async () => {
      const result = first(head)
      await this.#parts.writer.submit({ kind: 'remove', n: head.n })
      this.#parts.reader.forget(head.n)
      this.#heads.delete(sessionId)
      this.#suspensions.delete(sessionId)
      return result
    })
  }

  async #exclusively<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    if (this.#busy.has(sessionId)) throw busy(sessionId)
    this.#busy.add(sessionId)
    try {
      return await work()
    } finally {
      this.#busy.delete(sessionId)
    }
  }
}

function busy(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `the local state of session ${sessionId} is in use or exists already`,
    hint: 'wait until what uses it is done, or stop the session first',
  })
}
