import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'

/**
 * A stretch of network between a client and a server on which what the client says can be held
 * up. What is held when the client dies never arrives.
 */
export class Uplink {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #target: URL
  #held = false
  #heldBytes = 0

  private constructor(target: string) {
    this.#target = new URL(target)
    this.#server = createServer((client) => this.#forward(client))
  }

  static async open(target: string): Promise<Uplink> {
    const uplink = new Uplink(target)
    uplink.#server.listen(0, '127.0.0.1')
    await once(uplink.#server, 'listening')
    return uplink
  }

  /** The target's URL, through here. */
  get url(): string {
    const url = new URL(this.#target)
    url.port = String((this.#server.address() as AddressInfo).port)
    return url.href
  }

  /** From now on, and for connections that are open already, nothing from a client arrives. */
  hold(): void {
    this.#held = true
  }

  /** For connections made from now on; those that were held stay so. */
  letGo(): void {
    this.#held = false
    this.#heldBytes = 0
  }

  /** Bytes that clients sent since `hold`. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #forward(client: Socket): void {
    const server = connect(Number(this.#target.port), this.#target.hostname)
    let cut = false
    client.on('data', (data) => {
      cut ||= this.#held
      if (cut) this.#heldBytes += data.length
      else server.write(data)
    })
    server.on('data', (data) => client.write(data))
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      // A reset ends in 'close' too.
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
