import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Simulator } from '../simulator/simulator.ts'
import { DaemonProcess } from './daemon-process.ts'

export interface DemoOptions {
  sessions: number
  /** The command line that runs the daemon. */
  command: readonly string[]
  version: string
  /** PATH and HOME of the child. */
  env: Record<string, string>
  print(line: string): void
  signal: AbortSignal
}

/**
 * The whole promise in one run, without a phone: pair, write, kill -9, wipe the disk, start again,
 * write on. Everything is real but WhatsApp, whose part the simulator plays.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'wa-gateway-demo-'))
  const simulator = await Simulator.start()
  const demo = new Demo(options, dir, simulator)
  try {
    await demo.run()
  } finally {
    await demo.daemon?.end('SIGKILL')
    await simulator.stop()
    await rm(dir, { recursive: true, force: true })
  }
}

class Demo {
  readonly #options: DemoOptions
  readonly #dir: string
  readonly #simulator: Simulator
  readonly #ids: string[]
  readonly #began = performance.now()
  daemon: DaemonProcess | undefined

  constructor(options: DemoOptions, dir: string, simulator: Simulator) {
    this.#options = options
    this.#dir = dir
    this.#simulator = simulator
    this.#ids = Array.from({ length: options.sessions }, (_, i) => `shop-${i + 1}`)
  }

  async run(): Promise<void> {
    const { signal } = this.#options
    this.#say(`a simulated WhatsApp listens on ${this.#simulator.url}`)
    let daemon = this.#start()
    await daemon.until('the daemon', signal, (status) => status.ready)
    this.#say(`the daemon runs (pid ${daemon.pid}); its state is in ${this.#stateDir}`)

    for (const id of this.#ids) await this.#pair(daemon, id)
    await this.#exchange(daemon, 'before')
    this.#say(`${this.#ids.length * 2} messages went out and came in`)
    await daemon.until('the object store', signal, ({ sessions }) =>
      sessions.every((session) => session.seq === session.storedSeq),
    )
    this.#say('every change is in the object store')

    await daemon.end('SIGKILL')
    await rm(this.#stateDir, { recursive: true })
    this.#say('kill -9, and the local disk is wiped')

    const lost = performance.now()
    daemon = this.#start()
    this.#say('the daemon starts again; it waits 6 s to be sure that nobody else runs its sessions')
    await this.#watchComeBack(daemon, lost)
    await this.#exchange(daemon, 'after')
    this.#say(`${this.#ids.length * 2} more messages went out and came in`)
    await daemon.end('SIGTERM')
    this.#summary()
  }

  #start(): DaemonProcess {
    const { command, env, version } = this.#options
    const socketPath = join(this.#dir, 'control.sock')
    const settings = {
      WA_GATEWAY_STATE_DIR: this.#stateDir,
      WA_GATEWAY_SOCKET: socketPath,
      WA_GATEWAY_STORAGE: 'folder',
      WA_GATEWAY_STORAGE_DIR: join(this.#dir, 'objects'),
      WA_GATEWAY_WHATSAPP_URL: this.#simulator.url,
      WA_GATEWAY_WHATSAPP_ROOT: this.#simulator.rootHex,
      WORKER_ID: 'demo',
      SESSION_RECOVERY_STARTUP_DELAY: '0',
    }
    this.daemon = new DaemonProcess(command, { ...env, ...settings }, socketPath, version)
    return this.daemon
  }

  async #pair(daemon: DaemonProcess, id: string): Promise<void> {
    const began = performance.now()
    const phone = this.#simulator.phone(this.#phone(id))
    for await (const event of daemon.client.stream(
      'session.pair',
      { session: id },
      this.#options.signal,
    )) {
      if (event.type === 'qr') await phone.scan(event.qr)
    }
    this.#say(`${id} was paired: a simulated phone scanned its QR code (${since(began)})`)
  }

  async #exchange(daemon: DaemonProcess, tag: string): Promise<void> {
    await Promise.all(
      this.#ids.map(async (id) => {
        const customer = this.#simulator.contact(this.#customer(id))
        const received = await customer.send(this.#phone(id), `hello ${id}, ${tag}`)
        await customer.waitForReceipt(received)
        const text = `hello from ${id}, ${tag}`
        await daemon.client.call('session.send', { session: id, to: customer.user, text })
        await customer.waitFor(text)
      }),
    )
  }

  async #watchComeBack(daemon: DaemonProcess, lost: number): Promise<void> {
    const back = new Set<string>()
    await daemon.until('the sessions', this.#options.signal, ({ sessions }) => {
      for (const { id, state } of sessions) {
        if (state !== 'online' || back.has(id)) continue
        back.add(id)
        this.#say(`${id} is online again (${since(lost)} after the loss)`)
      }
      return this.#ids.every((id) => back.has(id))
    })
  }

  #summary(): void {
    const { connections, inbound, outbound } = this.#simulator.report()
    this.#say(
      `WhatsApp saw: ${connections.pairings} QR scans for ${this.#ids.length} sessions, ` +
        `${connections.concurrentDuplicates} double connections, ${inbound.lost} messages lost, ` +
        `${outbound.undecryptable} unreadable`,
    )
  }

  get #stateDir(): string {
    return join(this.#dir, 'state')
  }

  #phone(id: string): string {
    return `155500000${String(this.#ids.indexOf(id)).padStart(2, '0')}`
  }

  #customer(id: string): string {
    return `447700000${String(this.#ids.indexOf(id)).padStart(2, '0')}`
  }

  #say(line: string): void {
    this.#options.print(`${since(this.#began).padStart(7)}  ${line}`)
  }
}

function since(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(2)} s`
}
