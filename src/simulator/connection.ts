import { decodeBinaryNode, encodeBinaryNode, type proto } from '@whiskeysockets/baileys'
import type { WebSocket } from 'ws'
import type { CertificateChain } from './certificate.ts'
import type { Device, Line } from './device.ts'
import { encodeFrame, FrameReader } from './frames.ts'
import { ServerHandshake, type Transport } from './noise.ts'
import type { Node } from './nodes.ts'

// The client reads asynchronously: closing in the same breath could overtake the last stanza.
const LAST_WORDS_MS = 50

/** A client's claim of who it is, from the end of its handshake. */
export interface Hello {
  clientStatic: Buffer
  payload: proto.ClientPayload
}

/** The keys with which a client asks to be linked. */
export interface Registration {
  clientStatic: Buffer
  data: proto.ClientPayload.IDevicePairingRegistrationData
}

export interface ConnectionHandlers {
  /** The chain to show, or undefined to leave the handshake unanswered. */
  chain(): CertificateChain | undefined
  hello(connection: Connection, hello: Hello): void
  stanza(connection: Connection, stanza: Node): Promise<void> | void
  closed(connection: Connection): void
  failed(connection: Connection, error: unknown): void
}

type Phase =
  | { step: 'intro' }
  | { step: 'hello' | 'finish'; handshake: ServerHandshake }
  | { step: 'open'; transport: Transport }
  | { step: 'mute' }

/**
 * One client's WebSocket: intro -> hello -> finish -> open. `mute` reads and answers nothing.
 * Chunks are handled one after the other, since decoding a stanza is asynchronous.
 */
export class Connection implements Line {
  /** Who it is, once logged in. */
  device: Device | undefined
  /** What a client that is not linked yet told about its keys. */
  registration: Registration | undefined
  /** The references of the QR codes that it shows. */
  refs: readonly string[] = []
  /** The number whose phone is to type this client's code. */
  linkUser: string | undefined
  /** Takes the client's last step of pairing by code; undefined when it went away. */
  finishLinkCode: ((answer: Node | undefined) => void) | undefined
  /** Milliseconds by which everything sent is late. */
  delayMs = 0
  /** Frames that the client may still send before the connection is cut. */
  framesLeft = Infinity
  /** Resolves when the connection is closed. */
  readonly done: Promise<void>
  readonly #socket: WebSocket
  readonly #handlers: ConnectionHandlers
  readonly #reader = new FrameReader()
  readonly #replies = new Map<string, (reply: Node | undefined) => void>()
  #phase: Phase = { step: 'intro' }
  #work: Promise<void> = Promise.resolve()

  constructor(socket: WebSocket, handlers: ConnectionHandlers) {
    this.#socket = socket
    this.#handlers = handlers
    socket.on('message', (data: Buffer) => {
      this.#work = this.#work
        .then(() => this.#receive(data))
        .catch((error: unknown) => {
          this.#handlers.failed(this, error)
          this.terminate()
        })
    })
    this.done = new Promise((resolve) => {
      socket.on('close', () => {
        this.#closed()
        resolve()
      })
    })
    // A reset by the peer also ends in 'close', which is where it is dealt with.
    socket.on('error', () => this.terminate())
  }

  get open(): boolean {
    return this.#socket.readyState === this.#socket.OPEN
  }

  send(stanza: Node): void {
    if (this.delayMs === 0) this.#write(stanza)
    else setTimeout(() => this.#write(stanza), this.delayMs).unref()
  }

  /** Sends a query and resolves with its result; undefined when the connection closed first. */
  query(stanza: Node): Promise<Node | undefined> {
    return new Promise((resolve) => {
      this.#replies.set(String(stanza.attrs['id']), resolve)
      this.send(stanza)
    })
  }

  sendAndClose(stanza: Node): void {
    this.send(stanza)
    setTimeout(() => this.#socket.close(), LAST_WORDS_MS + this.delayMs).unref()
  }

  terminate(): void {
    this.#socket.terminate()
  }

  /** From here on nothing is read or answered; the TCP connection stays. */
  mute(): void {
    this.#phase = { step: 'mute' }
  }

  #write(stanza: Node): void {
    if (this.#phase.step !== 'open' || !this.open) return
    const sealed = this.#phase.transport.encrypt(encodeBinaryNode(stanza))
    this.#socket.send(encodeFrame(sealed))
  }

  async #receive(data: Buffer): Promise<void> {
    if (this.#phase.step === 'mute') return
    for (const body of this.#reader.push(data)) {
      if (this.framesLeft-- <= 0) return this.terminate()
      await this.#frame(body)
    }
  }

  async #frame(body: Buffer): Promise<void> {
    const phase = this.#begin()
    if (phase.step === 'hello') {
      this.#socket.send(encodeFrame(phase.handshake.hello(body)))
      this.#phase = { step: 'finish', handshake: phase.handshake }
    } else if (phase.step === 'finish') {
      const { clientStatic, payload, transport } = phase.handshake.finish(body)
      this.#phase = { step: 'open', transport }
      this.#handlers.hello(this, { clientStatic, payload })
    } else if (phase.step === 'open') {
      const stanza = await decodeBinaryNode(phase.transport.decrypt(body))
      if (!this.#isReply(stanza)) await this.#handlers.stanza(this, stanza)
    }
  }

  #begin(): Phase {
    if (this.#phase.step !== 'intro' || this.#reader.intro === undefined) return this.#phase
    const chain = this.#handlers.chain()
    if (chain === undefined) this.#phase = { step: 'mute' }
    else {
      const handshake = new ServerHandshake(this.#reader.intro.header, chain)
      this.#phase = { step: 'hello', handshake }
    }
    return this.#phase
  }

  #isReply(stanza: Node): boolean {
    if (stanza.tag !== 'iq' || stanza.attrs['type'] !== 'result') return false
    const id = String(stanza.attrs['id'])
    const resolve = this.#replies.get(id)
    this.#replies.delete(id)
    resolve?.(stanza)
    return true
  }

  #closed(): void {
    for (const resolve of this.#replies.values()) resolve(undefined)
    this.#replies.clear()
    this.finishLinkCode?.(undefined)
    this.#handlers.closed(this)
  }
}
