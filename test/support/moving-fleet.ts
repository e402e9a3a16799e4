import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, GatewayProcess, type Environment } from './gateway.ts'
import type { Stage } from './stage.ts'
import type { StrictBackend } from './strict-backend.ts'

/** A worker of the fleet: its disk, a copy of that disk from some time ago, and its daemon. */
class Host {
  readonly name: string
  readonly #env: Environment
  readonly #dir: string
  gateway: GatewayProcess
  hasCopy = false
  asleep = false

  constructor(name: string, { dir, env }: Pick<Stage, 'dir' | 'env'>) {
    this.name = name
    this.#dir = dir
    this.#env = env
    this.gateway = this.spawn()
  }

  get #disk(): string {
    return join(this.#dir, `disk-of-${this.name}`)
  }

  get #copy(): string {
    return join(this.#dir, `copy-of-${this.name}`)
  }

  /** A daemon on this host's disk, or on another. */
  spawn(disk = this.#disk): GatewayProcess {
    const socket = join(this.#dir, `${disk.slice(this.#dir.length + 1)}.sock`)
    this.gateway = GatewayProcess.spawn({
      ...this.#env,
      WORKER_ID: this.name,
      WA_GATEWAY_STATE_DIR: disk,
      WA_GATEWAY_SOCKET: socket,
    })
    return this.gateway
  }

  async kill(): Promise<void> {
    await this.gateway.stop('SIGKILL')
  }

  async wipe(): Promise<void> {
    await rm(this.#disk, { recursive: true })
  }

  /** Copies the disk under the running daemon, as a snapshot of a virtual machine does. */
  async copyDisk(): Promise<void> {
    await rm(this.#copy, { recursive: true, force: true })
    this.gateway.child.kill('SIGSTOP')
    await cp(this.#disk, this.#copy, { recursive: true })
    this.gateway.child.kill('SIGCONT')
    this.hasCopy = true
  }

  async putCopyBack(): Promise<void> {
    await this.wipe()
    await cp(this.#copy, this.#disk, { recursive: true })
  }

  /** Starts the copy beside the worker itself, for a while. */
  async startTwice(ms: number): Promise<void> {
    const { gateway } = this
    const twin = this.spawn(this.#copy)
    this.gateway = gateway
    await sleep(ms)
    await twin.stop('SIGKILL')
    this.hasCopy = false
  }
}

/** Longer than a worker of another name must be silent. */
const LONG_SLEEP_MS = 34_000
const PATIENCE_MS = 180_000

/**
 * Workers with a backend that moves sessions between them, and a world that is unkind to them. What
 * became of it tells the simulator's ledger.
 */
export class MovingFleet {
  readonly #stage: Stage
  readonly #backend: StrictBackend
  readonly #random: () => number
  readonly #hosts: Host[] = []
  readonly #assigned = new Map<string, Host>()
  readonly #sent: { id: string; text: string }[] = []
  #count = 0

  constructor(stage: Stage, backend: StrictBackend, random: () => number) {
    this.#stage = stage
    this.#backend = backend
    this.#random = random
  }

  /** How a fleet is set up that reads its lists often. */
  static readonly env = {
    WA_GATEWAY_ACK: 'remote',
    WA_GATEWAY_SHIP_WINDOW: '50',
    BACKEND_HEARTBEAT_INTERVAL: '500',
    BACKEND_ASSIGNMENT_INTERVAL: '500',
  }

  /** Starts the workers; the first pairs all sessions. */
  async start(names: readonly [string, ...string[]]): Promise<void> {
    const { ids, simulator } = this.#stage
    this.#hosts.push(...names.map((name) => new Host(name, this.#stage)))
    const [first] = this.#hosts
    if (first === undefined) throw new Error('a fleet has workers')
    for (const id of ids) this.#assigned.set(id, first)
    this.#assign()
    await Promise.all(this.#hosts.map(({ gateway }) => gateway.untilRunning()))
    for (const id of ids)
      await first.gateway.pair(id, (event) => {
        if (event.type === 'qr') void simulator.phone(this.#stage.phoneOf(id)).scan(event.qr)
      })
    await this.settled()
  }

  readonly acts = {
    'gives a session to another worker': async () => {
      const id = this.#pick(this.#stage.ids)
      this.#assigned.set(id, this.#otherThan(this.#owner(id)))
      this.#assign()
    },
    'kills a worker in the middle of a move': async () => {
      await this.acts['gives a session to another worker']()
      await sleep(this.#random() * 12_000)
      await this.acts['kills a worker']()
    },
    'kills a worker': async () => {
      const host = this.#pick(this.#hosts)
      await host.kill()
      host.spawn()
    },
    'takes the disk of a worker away': async () => {
      const host = this.#pick(this.#hosts)
      await host.kill()
      await host.wipe()
      host.spawn()
    },
    'puts an old disk back': async () => {
      const host = this.#pick(this.#hosts)
      if (!host.hasCopy) await host.copyDisk()
      await this.exchange()
      await host.kill()
      await host.putCopyBack()
      host.spawn()
    },
    'copies a disk': async () => this.#pick(this.#hosts).copyDisk(),
    'starts the copy of a disk beside its worker': async () => {
      const host = this.#pick(this.#hosts)
      if (!host.hasCopy) await host.copyDisk()
      await host.startTwice(2_000 + this.#random() * 8_000)
    },
    'freezes a worker, gives its sessions away, and wakes it': async () => {
      const host = this.#pick(this.#hosts)
      host.gateway.child.kill('SIGSTOP')
      host.asleep = true
      for (const [id, owner] of this.#assigned)
        if (owner === host) this.#assigned.set(id, this.#otherThan(host))
      this.#assign()
      await sleep(LONG_SLEEP_MS)
      host.asleep = false
      host.gateway.child.kill('SIGCONT')
    },
  }

  /** One of the acts, with messages to all sessions meanwhile. */
  async round(act = this.#pick(Object.keys(this.acts) as (keyof MovingFleet['acts'])[])) {
    const writing = new AbortController()
    const written = Promise.all(this.#stage.ids.map((id) => this.#write(id, writing.signal)))
    try {
      await this.acts[act]()
      await this.settled()
    } finally {
      writing.abort()
      await written
    }
    await this.exchange()
    return act
  }

  /** Each session is online where the backend wants it, and nowhere else. */
  async settled(): Promise<void> {
    for (const [id, owner] of this.#assigned) {
      const seen = () => Promise.all(this.#hosts.map(async (host) => this.#stateAt(host, id)))
      await eventually(
        `${id} at ${owner.name}`,
        async () => {
          const states = await seen()
          const right = this.#hosts.every(
            (host, n) => (states[n] === 'online') === (host === owner),
          )
          if (right) return true
          throw new Error(JSON.stringify(states))
        },
        PATIENCE_MS,
      )
    }
  }

  /** A text from each session, from where it runs, and nothing that waits for it. */
  async exchange(): Promise<void> {
    const { simulator, ids } = this.#stage
    for (const id of ids) {
      const text = `from ${id} ${this.#count++}`
      const to = this.#stage.friendOf(id)
      const { gateway } = this.#owner(id)
      const { status } = await gateway.client.call('session.send', { session: id, to, text })
      if (status === 'sent') this.#sent.push({ id, text })
    }
    await eventually('empty mailboxes', () =>
      simulator.report().inbound.waiting === 0 ? true : undefined,
    )
  }

  /** What went wrong, from what WhatsApp and the backend know. */
  harm() {
    const { inbound, details } = this.#stage.simulator.report()
    const { troubledInbound, undecryptable, reusedCounters, ghosts, unlinks } = details
    const unread = this.#sent.filter(({ id, text }) => {
      const { messages } = this.#stage.simulator.contact(this.#stage.friendOf(id))
      return !messages.some((message) => message.text === text)
    })
    return {
      lost: inbound.lost,
      unread,
      troubledInbound,
      undecryptable,
      reusedCounters,
      ghosts,
      unlinks,
      newPairings: details.pairings.length - this.#stage.ids.length,
      violations: this.#backend.violations,
    }
  }

  get totals() {
    const { inbound } = this.#stage.simulator.report()
    return { inbound: inbound.acknowledged, sent: this.#sent.length }
  }

  async close(): Promise<void> {
    for (const host of this.#hosts) await host.kill()
  }

  async #write(id: string, signal: AbortSignal): Promise<void> {
    const { simulator } = this.#stage
    while (!signal.aborted) {
      const text = `to ${id} ${this.#count++}`
      await simulator.contact(this.#stage.friendOf(id)).send(this.#stage.phoneOf(id), text)
      await sleep(50 + this.#random() * 100)
    }
  }

  async #stateAt(host: Host, id: string): Promise<string | undefined> {
    if (host.asleep || host.gateway.ended) return undefined
    const { sessions } = await host.gateway.client.call('session.list', {})
    return sessions.find((session) => session.id === id)?.state
  }

  #assign(): void {
    for (const host of this.#hosts) {
      const ids = this.#stage.ids.filter((id) => this.#assigned.get(id) === host)
      this.#backend.assignedTo.set(
        host.name,
        ids.map((sessionId) => ({ sessionId })),
      )
    }
  }

  #owner(id: string): Host {
    const owner = this.#assigned.get(id)
    if (owner === undefined) throw new Error(`${id} is nobody's`)
    return owner
  }

  #otherThan(host: Host): Host {
    return this.#pick(this.#hosts.filter((other) => other !== host))
  }

  #pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.#random() * list.length)]
    if (picked === undefined) throw new Error('there is nothing to pick from')
    return picked
  }
}
