import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuthHandle } from '../../authstate/port.ts'
import { GatewayError } from '../../session/errors.ts'

/*
 * Whatever leaves for WhatsApp rests on changes made before it: a ciphertext on its ratchet step, a
 * receipt on the decrypted message, the answer of a pairing on the creds. The gate stands between
 * Baileys and its WebSocket and lets a frame out only when every change that had been made when the
 * frame was handed over may be acknowledged. Baileys is told at once that the frame is sent, so
 * that one slow commit does not stop the next encryption; order is kept. Messages for the
 * application wait in the same line: they are told when their ratchet step may be acknowledged, and
 * before the receipt that follows them.
 */

type Sent = (error?: Error) => void

/** What the gate uses of Baileys' `ws` socket. */
export interface GatedSocket {
  readonly readyState: number
  readonly OPEN: number
  send(data: Uint8Array | string, sent?: Sent): void
  pause(): void
  resume(): void
  on(event: 'open' | 'close', listener: () => void): unknown
}

/** What became of the last frame that some piece of work handed over. */
export interface Departure {
  last: 'none' | 'held' | 'left' | 'dropped'
}

export interface GateSettings {
  /** A frame held for so long is reported; well below Baileys' connectTimeoutMs. */
  stallMs: number
  /** Bytes held above which nothing more is read from the socket, until half of them have left. */
  highWaterBytes: number
}

interface Held {
  needs: number
  bytes: number
  since: number
  departure?: Departure | undefined
  /** Lets a frame out. */
  send?: () => void
  /** Tells the application something, in its turn. */
  tell?: () => void
}

const departures = new AsyncLocalStorage<Departure>()

/** Runs work and follows the last frame that it hands to any gate. */
export function followFrames<T>(departure: Departure, work: () => Promise<T>): Promise<T> {
  return departures.run(departure, work)
}

/** The `ws` socket inside Baileys' client; throws `hooks.self-test` where it is not as expected. */
export function innerSocket(client: object): GatedSocket {
  const { socket } = client as { socket?: Partial<GatedSocket> | null }
  if (typeof socket?.send === 'function' && typeof socket.pause === 'function') {
    return socket as GatedSocket
  }
  throw new GatewayError({
    code: 'hooks.self-test',
    message: "Baileys' socket is not where frames can be held back",
    hint: 'install the exact versions of package-lock.json (`npm ci`)',
  })
}

/** The gate of one socket. It ends with the socket; what it still holds then never leaves. */
export class SendGate {
  /** Resolves when the socket has closed and what was held is dropped. */
  readonly closed: Promise<void>
  readonly #socket: GatedSocket
  readonly #handle: Pick<AuthHandle, 'seq' | 'ackSeq'>
  readonly #settings: GateSettings
  readonly #onStall: (stalled: boolean) => void
  readonly #send: GatedSocket['send']
  readonly #stopListening: () => void
  readonly #pauses = new Set<string>()
  #held: Held[] = []
  #bytes = 0
  #open = true
  #connected: boolean
  #stalled = false
  #stallTimer: NodeJS.Timeout | undefined
  /** Something was told in this turn of the event loop, and nothing leaves before the next. */
  #telling = false
  #drained: PromiseWithResolvers<void> | undefined

  constructor(
    socket: GatedSocket,
    handle: Pick<AuthHandle, 'seq' | 'ackSeq' | 'onAck'>,
    onStall: (stalled: boolean) => void,
    settings: GateSettings,
  ) {
    this.#socket = socket
    this.#handle = handle
    this.#settings = settings
    this.#onStall = onStall
    this.#send = socket.send.bind(socket)
    socket.send = (data, sent) => this.#take(data, sent)
    this.#stopListening = handle.onAck(() => this.#release())
    this.#connected = socket.readyState === socket.OPEN
    socket.on('open', () => {
      this.#connected = true
      this.#applyPauses()
    })
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#close()
        resolve()
      })
    })
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** Resolves when nothing is held, or the socket is closed. */
  drained(): Promise<void> {
    if (this.#held.length === 0 && !this.#telling) return Promise.resolve()
    this.#drained ??= Promise.withResolvers()
    return this.#drained.promise
  }

  /** Stops reading from the socket until every reason to is resumed. */
  pause(reason: string): void {
    this.#pauses.add(reason)
    this.#applyPauses()
  }

  resume(reason: string): void {
    if (this.#pauses.delete(reason)) this.#applyPauses()
  }

  /** Reads again whatever the reasons were, so that a close can be answered. */
  resumeAll(): void {
    this.#pauses.clear()
    this.#applyPauses()
  }

  /**
   * Runs `tell`, which must not throw, when every change made so far may be acknowledged: now, or
   * later in its turn, or never if the socket closes first. `bytes` is what it holds on to.
   */
  tell(bytes: number, tell: () => void): void {
    if (!this.#open) return
    this.#hold({ needs: this.#handle.seq, bytes, since: performance.now(), tell })
    this.#release()
  }

  #take(data: Uint8Array | string, sent: Sent | undefined): void {
    const departure = departures.getStore()
    const needs = this.#handle.seq
    const ready = this.#held.length === 0 && !this.#telling && this.#handle.ackSeq >= needs
    if (ready || !this.#open || this.#socket.readyState !== this.#socket.OPEN) {
      if (departure !== undefined) departure.last = 'left'
      this.#send(data, sent)
      return
    }
    if (departure !== undefined) departure.last = 'held'
    // Baileys was told long ago; a write that fails also closes the socket, which it hears.
    const send = (): void => this.#send(data, () => undefined)
    this.#hold({ needs, bytes: data.length, since: performance.now(), departure, send })
    if (sent !== undefined) setImmediate(sent)
  }

  #hold(held: Held): void {
    this.#held.push(held)
    this.#bytes += held.bytes
    if (this.#bytes > this.#settings.highWaterBytes) this.pause('held frames')
    if (this.#held.length === 1) this.#watch()
  }

  #release(): void {
    if (this.#telling) return
    let count = 0
    for (const { needs, bytes, departure, send, tell } of this.#held) {
      if (needs > this.#handle.ackSeq) break
      if (this.#telling && send !== undefined) break
      count++
      this.#bytes -= bytes
      if (departure !== undefined) departure.last = 'left'
      send?.()
      if (tell === undefined) continue
      this.#telling = true
      tell()
    }
    if (count === 0) return
    this.#held = this.#held.slice(count)
    if (this.#bytes <= this.#settings.highWaterBytes / 2) this.resume('held frames')
    this.#watch()
    // What the listeners wrote to other processes leaves this one first.
    if (this.#telling) setImmediate(() => this.#told())
    else if (this.#held.length === 0) this.#settleDrained()
  }

  #told(): void {
    this.#telling = false
    if (!this.#open) return
    this.#release()
    if (this.#held.length === 0 && !this.#telling) this.#settleDrained()
  }

  /** Watches the oldest frame that is held. */
  #watch(): void {
    clearTimeout(this.#stallTimer)
    const oldest = this.#held[0]
    if (oldest === undefined) return this.#report(false)
    const left = oldest.since + this.#settings.stallMs - performance.now()
    this.#stallTimer = setTimeout(() => this.#report(true), Math.max(0, left)).unref()
  }

  #report(stalled: boolean): void {
    if (stalled === this.#stalled) return
    this.#stalled = stalled
    this.#onStall(stalled)
  }

  #applyPauses(): void {
    // Before it is open, `ws` ignores a pause, and fails where its connecting was given up.
    if (!this.#connected) return
    if (this.#pauses.size > 0) this.#socket.pause()
    else this.#socket.resume()
  }

  #close(): void {
    this.#open = false
    this.#stopListening()
    clearTimeout(this.#stallTimer)
    for (const { departure } of this.#held) {
      if (departure?.last === 'held') departure.last = 'dropped'
    }
    this.#held = []
    this.#bytes = 0
    this.#settleDrained()
  }

  #settleDrained(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }
}
