import { createChain, type CertificateChain } from './certificate.ts'
import { Connection, type ConnectionHandlers } from './connection.ts'
import { Contact } from './contact.ts'
import { handleControl } from './control.ts'
import type { Device } from './device.ts'
import { parseFault, type Fault, type FaultRequest } from './faults.ts'
import { Listener, SOCKET_PATH } from './listener.ts'
import { Phone } from './phone.ts'
import { makeReport, type Report } from './report.ts'
import { makeHandlers } from './server.ts'
import { strike } from './strike.ts'
import { waitUntil, type WaitOptions } from './waiting.ts'
import { World } from './world.ts'

const FIRST_AUTOMATIC_NUMBER = 15_550_100_000

export interface SimulatorOptions {
  /** A free one is chosen when left out or 0. */
  port?: number
  /** A loopback address; 127.0.0.1 when left out. */
  host?: string
  /** A chain made earlier, so that clients may go on trusting its root. */
  chain?: CertificateChain
}

/**
 * A WhatsApp server with phones and contacts, for tests, demonstrations, drills and benchmarks.
 * Everything lives in memory and on loopback. A client needs `url` and has to trust `rootHex`.
 */
export class Simulator {
  readonly #world: World
  readonly #handlers: ConnectionHandlers
  readonly #listener: Listener
  #nextNumber = FIRST_AUTOMATIC_NUMBER
  #reopening: NodeJS.Timeout | undefined

  private constructor(options: SimulatorOptions) {
    this.#world = new World(options.chain ?? createChain())
    this.#handlers = makeHandlers(this.#world)
    const { host = '127.0.0.1', port = 0 } = options
    this.#listener = new Listener(
      { host, port },
      {
        request: (request, response) => void handleControl(this, request, response),
        admits: () => this.#world.faults.take('upgrade').length === 0,
        socket: (socket) => {
          this.#world.connections.accepted()
          this.#world.live.add(new Connection(socket, this.#handlers))
        },
      },
    )
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = new Simulator(options)
    await simulator.#listener.open()
    return simulator
  }

  /** Closes every connection and the port. */
  async stop(): Promise<void> {
    clearTimeout(this.#reopening)
    this.#listener.close()
    for (const connection of this.#world.live) connection.terminate()
    await Promise.all([...this.#world.live].map((connection) => connection.done))
  }

  /** What a client connects to. */
  get url(): string {
    return `ws://${this.#listener.authority}${SOCKET_PATH}`
  }

  /** Where the control API answers. */
  get controlUrl(): string {
    return `http://${this.#listener.authority}`
  }

  /** The public key, in hex, that the server's certificates are signed with. */
  get rootHex(): string {
    return this.#world.chain.rootHex
  }

  phone(user: string): Phone {
    return new Phone(this.#world, this.#world.directory.person(user))
  }

  contact(user: string): Contact {
    return new Contact(this.#world, this.#world.directory.person(user))
  }

  /** Scans a QR code with a new phone, whose number nobody had before. */
  scan(qr: string, options: { afterMs?: number } = {}): Promise<Device> {
    return this.phone(String(this.#nextNumber++)).scan(qr, options)
  }

  /** Every device that is linked, of one number or of all. */
  devices(user?: string): Device[] {
    const all = [...this.#world.directory.devices()]
    return all.filter((d) => !d.unlinked && (user === undefined || d.user === user))
  }

  /** Resolves with a device of this number once one is logged in. */
  waitForOnline(user: string, options?: WaitOptions): Promise<Device> {
    const { changed } = this.#world
    return waitUntil(
      `a device of ${user} to log in`,
      () => this.devices(user).find((device) => device.online),
      (again) => {
        changed.on('login', again)
        return () => changed.off('login', again)
      },
      options,
    )
  }

  /** Makes something go wrong; see faults.ts for what can. Throws `usage` for anything else. */
  async inject(request: FaultRequest): Promise<void> {
    const fault = parseFault(request)
    if (fault.kind === 'refuse') this.#refuse(fault.ms)
    else if (fault.when === 'now') this.#strikeNow(fault)
    else this.#world.faults.add(fault)
  }

  /** Forgets the faults that have not struck yet, and listens again. */
  async clearFaults(user?: string): Promise<void> {
    this.#world.faults.clear(user)
    if (user !== undefined) return
    clearTimeout(this.#reopening)
    await this.#listener.open()
  }

  faults(): (Fault & { left: number | 'always' })[] {
    return this.#world.faults.list()
  }

  report(): Report {
    return makeReport(this.#world)
  }

  #strikeNow(fault: Fault): void {
    for (const connection of this.#world.live) {
      const user = connection.device?.user
      if (user === undefined) continue
      if (fault.user === undefined || fault.user === user) strike(connection, fault)
    }
  }

  #refuse(ms: number | undefined): void {
    this.#listener.close()
    clearTimeout(this.#reopening)
    if (ms === undefined) return
    this.#reopening = setTimeout(() => {
      this.#listener.open().catch((error: unknown) => {
        this.#world.connections.protocolError(`cannot listen again: ${String(error)}`)
      })
    }, ms).unref()
  }
}
