import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import { GatewayError } from '../session/errors.ts'

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

export const SOCKET_PATH = '/ws/chat'

export interface ListenerHandlers {
  request: RequestListener
  /** False: cut the TCP connection instead of upgrading it. */
  admits(): boolean
  socket(socket: WebSocket): void
}

/**
 * The port: WebSocket at /ws/chat and plain HTTP beside it, on loopback only, since whoever can
 * reach it can link devices. It can be closed and opened again on the same port.
 */
export class Listener {
  readonly #host: string
  readonly #handlers: ListenerHandlers
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  #server: Server | undefined
  #port: number

  constructor(options: { host: string; port: number }, handlers: ListenerHandlers) {
    if (!LOOPBACK.has(options.host)) {
      throw new GatewayError({
        code: 'config.invalid',
        subject: options.host,
        message: `the simulator binds loopback only, not '${options.host}'`,
        hint: 'use 127.0.0.1',
      })
    }
    this.#host = options.host
    this.#port = options.port
    this.#handlers = handlers
  }

  get authority(): string {
    return `${this.#host.includes(':') ? `[${this.#host}]` : this.#host}:${this.#port}`
  }

  get listening(): boolean {
    return this.#server !== undefined
  }

  async open(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer(this.#handlers.request)
    server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname
      if (path !== SOCKET_PATH || !this.#handlers.admits()) return socket.destroy()
      this.#sockets.handleUpgrade(request, socket, head, (opened) => this.#handlers.socket(opened))
      return undefined
    })
    this.#server = server
    try {
      server.listen(this.#port, this.#host)
      await once(server, 'listening')
    } catch (cause) {
      this.#server = undefined
      const message = `the simulator cannot listen on ${this.authority}`
      throw new GatewayError({ code: 'config.invalid', message, hint: 'use another port', cause })
    }
    this.#port = (server.address() as AddressInfo).port
  }

  /** Stops listening; WebSockets that are open stay open. */
  close(): void {
    this.#server?.close()
    this.#server?.closeIdleConnections()
    this.#server = undefined
  }
}
