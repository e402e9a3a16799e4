import type {
  AuthenticationState,
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStore,
} from '@whiskeysockets/baileys'

import { GatewayError } from '../session/errors.ts'

import { Acknowledged, ackSeqOf } from './acknowledged.ts'
import { decodeValue, encodeValue } from './codec.ts'
import { decodeCreds, type Revive } from './creds.ts'
import type { SessionHead } from './heads.ts'
import { Overlay } from './overlay.ts'
import type { AckMode, AuthHandle } from './port.ts'
import type { Pressure } from './pressure.ts'
import type { Reader, SessionRef } from './reader.ts'
import { encodeRecord } from './record.ts'
import type { Write } from './writes.ts'
import { toSessionError } from './sqlite-error.ts'
import type { Writer } from './writer.ts'

export interface HandleContext {
  reader: Reader
  writer: Writer
  pressure: Pressure
  ack: AckMode
  /** Where ackSeq stands still, of a session that is suspended. */
  frozenAt: number | undefined
  revive: Revive
  /** Milliseconds since the epoch. */
  now: () => number
  onClose: () => void
}

interface Waiter {
  seq: number
  resolve: () => void
  reject: (error: GatewayError) => void
}

/** Changes that `keysAhead` makes before the oldest of them is acknowledged. */
const AHEAD = 256

/** open ──► sealed ──► closed. A failure of the disk leaves it as it is, but nothing settles. */
export class SessionHandle implements AuthHandle {
  readonly sessionId: string
  readonly state: AuthenticationState
  readonly keysAhead: SignalKeyStore
  #ref: SessionRef
  readonly #context: HandleContext
  readonly #overlay = new Overlay()
  readonly #acknowledged: Acknowledged
  readonly #listeners = new Set<(durableSeq: number) => void>()
  readonly #damageListeners = new Set<(error: Error) => void>()
  #phase: 'open' | 'sealed' | 'closed' = 'open'
  #seq: number
  #durableSeq: number
  #hash: Uint8Array
  #changedAt: number
  #waiters: Waiter[] = []
  /** Set where changes cannot become durable any more, because of what they follow on. */
  #damage: GatewayError | undefined
  #damageTold = false

  /** Reads and checks the session's whole state; throws `state.corrupt` where it is not all there. */
  constructor(ref: SessionRef, context: HandleContext) {
    const { head, creds } = context.reader.opening(ref)
    this.sessionId = ref.sessionId
    this.#ref = { n: head.n, sessionId: head.sessionId, image: head.image }
    this.#context = context
    this.#seq = head.seq
    this.#durableSeq = head.seq
    this.#hash = Buffer.from(head.hash, 'hex')
    this.#changedAt = head.changedAt
    this.#acknowledged = new Acknowledged(ackSeqOf(context.ack, head), context.frozenAt)
    // Baileys accepts promises only where it awaits, and a throw must be a rejection.
    const get: SignalKeyStore['get'] = async (type, ids) => this.#read(() => this.#get(type, ids))
    this.state = {
      creds: decodeCreds(ref.sessionId, creds, context.revive),
      keys: { get, set: async (data) => this.#set(data, 0) },
    }
    this.keysAhead = { get, set: async (data) => this.#set(data, AHEAD) }
  }

  get seq(): number {
    return this.#seq
  }

  get durableSeq(): number {
    return this.#durableSeq
  }

  get ackSeq(): number {
    return this.#acknowledged.seq
  }

  onAck(listener: (ackSeq: number) => void): () => void {
    return this.#acknowledged.listen(listener)
  }

  async saveCreds(): Promise<void> {
    if (this.#phase === 'closed') throw sealed(this.sessionId)
    const failure = this.#context.writer.failure ?? this.#damage
    if (failure !== undefined) throw failure
    this.#change([{ type: 'creds', id: '', value: encodeValue(this.state.creds) }])
    await this.whenDurable()
  }

  whenDurable(seq = this.#seq): Promise<void> {
    if (seq <= this.#durableSeq) return Promise.resolve()
    const failure = this.#context.writer.failure ?? this.#damage
    if (failure !== undefined) return Promise.reject(failure)
    return new Promise((resolve, reject) => {
      this.#waiters.push({ seq, resolve, reject })
    })
  }

  onDurable(listener: (durableSeq: number) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  verify(): void {
    if (this.#phase !== 'open') return
    try {
      this.#context.reader.image(this.#ref)
    } catch (thrown) {
      const error = toSessionError(thrown, this.sessionId, this.sessionId)
      if (error.code === 'state.disk') this.#context.writer.fail(error)
      this.#tellDamage(error)
      throw error
    }
  }

  onDamage(listener: (error: Error) => void): void {
    const damage = this.#damage
    if (damage === undefined) this.#damageListeners.add(listener)
    else queueMicrotask(() => listener(damage))
  }

  async seal({ deadlineMs = 0 }: { deadlineMs?: number } = {}): Promise<void> {
    if (this.#phase === 'open') this.#phase = 'sealed'
    const seq = this.#seq
    await this.whenDurable(seq)
    if (this.#context.ack === 'remote') await this.#acknowledged.wait(seq, deadlineMs)
  }

  /** Nothing more is acknowledged, until `resume`. */
  suspend(): void {
    this.#acknowledged.suspend()
  }

  resume(): void {
    this.#acknowledged.resume()
  }

  /** Seals, waits for the disk and lets the session be opened again, whatever the disk said. */
  async close(): Promise<void> {
    if (this.#phase === 'closed') return
    try {
      await this.seal()
    } catch (error) {
      // Who listens for damage knows; the state is restored from the store.
      if (error !== this.#damage) throw error
    } finally {
      this.#phase = 'closed'
      this.#context.onClose()
    }
  }

  /** The store tells what a commit made durable. */
  committed(head: SessionHead): void {
    if (this.#ref.image && !head.image) this.#ref = { ...this.#ref, image: false }
    if (head.seq > this.#durableSeq) this.#durable(head.seq)
    this.#acknowledged.advance(ackSeqOf(this.#context.ack, head))
  }

  #durable(seq: number): void {
    this.#durableSeq = seq
    this.#context.pressure.release(this.#overlay.settle(seq))
    const due = this.#waiters.filter((waiter) => waiter.seq <= seq)
    this.#waiters = this.#waiters.filter((waiter) => waiter.seq > seq)
    for (const waiter of due) waiter.resolve()
    for (const listener of this.#listeners) listener(seq)
  }

  /** The store tells that no change of this session becomes durable any more. */
  damaged(error: GatewayError): void {
    this.#damage = error
    this.#context.pressure.release(this.#overlay.settle(this.#seq))
    this.failed(error)
    this.#tellDamage(error)
  }

  /** The store tells that nothing becomes durable any more. */
  failed(error: GatewayError): void {
    const lost = this.#waiters
    this.#waiters = []
    for (const waiter of lost) waiter.reject(error)
    this.#acknowledged.fail(error)
  }

  /**
   * A failed read seals the session and never settles: as a rejection it would look like a message
   * that cannot be decrypted, which Baileys refuses for good. Without a listener it is thrown.
   */
  #read<T>(read: () => T): T | Promise<T> {
    try {
      if (this.#damage !== undefined) throw this.#damage
      return read()
    } catch (thrown) {
      const error = toSessionError(thrown, this.sessionId, this.sessionId)
      if (error.code === 'state.sealed') throw error
      if (error.code === 'state.disk') this.#context.writer.fail(error)
      this.#tellDamage(error)
      if (!this.#damageTold && error.code !== 'state.disk') throw error
      return new Promise(never)
    }
  }

  #tellDamage(error: GatewayError): void {
    if (this.#phase === 'open') this.#phase = 'sealed'
    const listeners = [...this.#damageListeners]
    this.#damageListeners.clear()
    if (listeners.length > 0) this.#damageTold = true
    for (const listener of listeners) listener(error)
  }

  #get<T extends keyof SignalDataTypeMap>(
    type: T,
    ids: string[],
  ): { [id: string]: SignalDataTypeMap[T] } {
    if (this.#phase === 'closed') throw sealed(this.sessionId)
    const found: [string, SignalDataTypeMap[T]][] = []
    for (const id of ids) {
      const pending = this.#overlay.read(type, id)
      const bytes =
        pending === undefined ? this.#context.reader.value(this.#ref, type, id) : pending
      if (bytes === undefined || bytes === null) continue
      found.push([id, this.#context.revive(type, decodeValue(bytes)) as SignalDataTypeMap[T]])
    }
    return Object.fromEntries(found)
  }

  /** Resolves when all but the newest `ahead` changes are acknowledged. */
  #set(data: SignalDataSet, ahead: number): Promise<void> {
    if (this.#phase !== 'open' || this.#context.writer.failure !== undefined)
      return new Promise(never)
    const writes: Write[] = []
    for (const [type, values] of Object.entries(data))
      for (const [id, value] of Object.entries(values ?? {})) {
        const gone = value === null || value === undefined
        writes.push({ type, id, value: gone ? null : encodeValue(value) })
      }
    if (writes.length === 0) return Promise.resolve()
    const seq = this.#change(writes)
    return this.#acknowledged.reached(seq - ahead)
  }

  #change(writes: Write[]): number {
    const seq = this.#seq + 1
    // A clock that was put back must not make this seem older than what it follows on.
    const at = Math.max(this.#context.now(), this.#changedAt)
    const { record, hash } = encodeRecord(seq, this.#hash, writes, at)
    this.#context.writer.enqueue({ kind: 'change', n: this.#ref.n, record }, record.length)
    this.#seq = seq
    this.#hash = hash
    this.#changedAt = at
    this.#overlay.apply(seq, writes, record.length)
    this.#context.pressure.add(record.length)
    return seq
  }
}

function never(): void {
  // A promise made with this never settles; it is garbage as soon as nobody holds it.
}

function sealed(sessionId: string): GatewayError {
  return new GatewayError({
    code: 'state.sealed',
    subject: sessionId,
    message: `the auth state of session ${sessionId} is closed`,
  })
}
