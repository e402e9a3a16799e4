import { randomBytes } from 'node:crypto'

import type { AuthenticationCreds } from '@whiskeysockets/baileys'

import { GatewayError } from '../session/errors.ts'
import { assertSessionId } from '../session/ids.ts'

import { GENESIS_HASH } from './chain.ts'
import { encodeValue } from './codec.ts'
import type { SessionHead } from './heads.ts'
import type { AuthHandle, AuthStore, BaseTag, LocalSession, SessionImage } from './port.ts'
import type { Pressure } from './pressure.ts'
import { copySession } from './quarantine.ts'
import type { Reader } from './reader.ts'
import { encodeRecord, packWrites } from './record.ts'
import { SessionHandle, decodeCreds } from './session-handle.ts'
import type { Revive } from './session-handle.ts'
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
  revive: Revive
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
  readonly #boots: Set<string>
  readonly #failureListeners = new Set<(error: Error) => void>()
  #boot: string
  #nextNumber: number
  #closing: Promise<void> | undefined

  constructor(parts: Parts) {
    const { heads, boots, boot } = parts.opened
    this.#parts = parts
    this.quarantined = parts.quarantined
    this.#heads = new Map(heads.map((head) => [head.sessionId, head]))
    this.#boots = new Set(boots)
    this.#boot = boot
    this.#nextNumber = heads.reduce((max, head) => Math.max(max, head.n), 0) + 1
  }

  get boot(): string {
    return this.#boot
  }

  async renewBoot(): Promise<string> {
    const boot = randomBytes(16).toString('hex')
    await this.#parts.writer.submit({ kind: 'boot', boot })
    this.#boots.add(boot)
    this.#boot = boot
    return boot
  }

  isMine(boot: string): boolean {
    return this.#boots.has(boot)
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
    decodeCreds(sessionId, value)
    await this.#begin(sessionId, (head) => {
      const previous = Buffer.from(base.hash, 'hex')
      const write = { type: 'creds', id: '', value }
      const { record } = encodeRecord(base.seq + 1, previous, [write])
      const at = { ...head, seq: base.seq, hash: base.hash, storedSeq: base.seq }
      return this.#parts.writer.submit({ kind: 'create', head: at, record }, record.length)
    })
  }

  async install(image: SessionImage, tag: BaseTag): Promise<void> {
    const { sessionId, seq, hash, entries } = image
    const creds = entries.find((entry) => entry.type === 'creds' && entry.id === '')
    decodeCreds(sessionId, creds?.value)
    await this.#begin(sessionId, (head) => {
      const body = packWrites(entries)
      const at = { ...head, seq, hash, storedSeq: seq, tags: [tag] }
      return this.#parts.writer.submit({ kind: 'install', head: at, body }, body.length)
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

  async image(sessionId: string): Promise<SessionImage> {
    const { head, entries } = this.#parts.reader.image(this.#known(sessionId))
    return { sessionId, seq: head.seq, hash: head.hash, entries }
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

  async open(sessionId: string): Promise<AuthHandle> {
    const head = this.#idle(sessionId)
    if (this.#parts.writer.failure !== undefined) throw this.#parts.writer.failure
    if (this.#handles.has(sessionId)) throw busy(sessionId)
    const { reader, writer, pressure, revive } = this.#parts
    const onClose = () => {
      this.#handles.delete(sessionId)
    }
    const handle = new SessionHandle(head, { reader, writer, pressure, revive, onClose })
    this.#handles.set(sessionId, handle)
    return handle
  }

  get pendingBytes(): number {
    return this.#parts.pressure.pendingBytes
  }

  onPressure(listener: (pressed: boolean) => void): () => void {
    return this.#parts.pressure.listen(listener)
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
    for (const head of heads) {
      this.#heads.set(head.sessionId, head)
      this.#handles.get(head.sessionId)?.committed(head)
    }
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
      this.#heads.delete(sessionId)
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

function emptyHead(n: number, sessionId: string): SessionHead {
  return {
    n,
    sessionId,
    seq: 0,
    hash: GENESIS_HASH,
    storedSeq: 0,
    confirmedEpoch: 0,
    paired: false,
    keys: 0,
    digest: 0,
    tags: [],
  }
}

function toLocalSession(head: SessionHead): LocalSession {
  const { sessionId, seq, hash, tags, storedSeq, confirmedEpoch, paired, keys } = head
  return { sessionId, seq, hash, tags: [...tags], storedSeq, confirmedEpoch, paired, keys }
}

function busy(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'session.busy',
    subject: sessionId,
    message: `the local state of session ${sessionId} is in use or exists already`,
    hint: 'wait until what uses it is done, or stop the session first',
  })
}
