import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Application } from './application.ts'
import { eventually, type GatewayProcess } from './gateway.ts'
import type { Stage } from './stage.ts'

/** What `harm` is when nothing went wrong. */
export const NO_HARM = {
  unheard: [],
  lost: 0,
  unread: [],
  troubledInbound: [],
  undecryptable: [],
  reusedCounters: [],
  duplicateConnections: [],
  ghosts: [],
  unlinks: [],
  newPairings: 0,
}

interface KillLoopTotals {
  rounds: Record<Disk, number>
  /** Messages that contacts wrote, and those that the application heard more than once. */
  inbound: number
  heardTwice: number
  /** Messages that the application was told are sent. */
  sent: number
}

/** Messages to one session that may be on their way at the same time. */
const UNHEARD = 20

/** Rounds between two lines about a long run. */
const REPORTED = 20

/** What a killed worker finds when it starts again: its disk, or the object store alone. */
export type Disk = 'kept' | 'wiped'

interface RoundOptions {
  disk?: Disk
  /** The kill comes when the store has everything and WhatsApp holds nothing back. */
  settled?: boolean
}

/**
 * A worker under load in both directions that is killed and started again, round after round, with
 * an application that listens whenever it runs.
 */
export class KillLoop {
  readonly application = new Application()
  readonly #stage: Stage
  readonly #random: () => number
  readonly #written = new Map<string, string[]>()
  readonly #sent: { id: string; text: string }[] = []
  readonly #rounds = { kept: 0, wiped: 0 }
  #count = 0

  constructor(stage: Stage, random: () => number) {
    this.#stage = stage
    this.#random = random
  }

  /** The settings with which `revive` works: the application is there before the first message. */
  static readonly env = { SESSION_RECOVERY_ENABLED: 'false' }

  /** Starts the daemon, lets the application listen, then brings the sessions back. */
  async revive(disk: Disk = 'kept'): Promise<void> {
    if (disk === 'wiped') await this.#stage.wipe()
    const gateway = await this.#begin(disk)
    await gateway.untilOnline(this.#stage.ids)
  }

  /** Many rounds; a long run says now and then how it goes. */
  async rounds(
    count: number,
    optionsOf: (round: number) => RoundOptions = () => ({}),
  ): Promise<void> {
    for (let round = 1; round <= count; round++) {
      await this.round(optionsOf(round - 1))
      if (round % REPORTED === 0 && round < count)
        process.stdout.write(`${JSON.stringify({ round, ...this.totals, harm: this.harm() })}\n`)
    }
  }

  /** One round: load, a kill at a random moment, sometimes another one while it comes back. */
  async round({ disk = 'kept', settled = false }: RoundOptions = {}): Promise<void> {
    this.#rounds[disk]++
    const load = this.load()
    // A wiped disk's worker takes its time to come back, so that more load costs little.
    await sleep(20 + this.#random() * (disk === 'wiped' ? 3_000 : 500))
    if (settled) {
      await load.stop()
      await this.untilNothingWaits()
      await this.untilStored()
    }
    await this.kill()
    await load.stop()
    if (this.#random() < 0.3) {
      if (disk === 'wiped') await this.#stage.wipe()
      await this.#begin(disk)
      // A wiped disk's worker waits for the silence of its predecessor first.
      await sleep(this.#random() * (disk === 'wiped' ? 9_000 : 1_000))
      await this.kill()
    }
    await this.revive(disk)
    await this.untilNothingWaits()
  }

  /** Starts a daemon that begins to bring its sessions back when the application listens. */
  async #begin(disk: Disk): Promise<GatewayProcess> {
    if (disk === 'wiped') {
      // Only the store knows the sessions, so they come back by themselves, after a silence that
      // lasts longer than the application needs.
      const gateway = this.#stage.spawn()
      await gateway.eventually('the control socket', () => gateway.client.call('status', {}))
      await this.#listen()
      return gateway
    }
    const gateway = await this.#stage.start(KillLoop.env)
    await this.#listen()
    void this.#recover(gateway)
    return gateway
  }

  #listen(): Promise<void> {
    return this.application.listen(join(this.#stage.dir, 'control.sock'))
  }

  async #recover(gateway: GatewayProcess): Promise<void> {
    try {
      for await (const event of gateway.client.stream('recover', { all: true })) void event
    } catch (error) {
      // Killed meanwhile, as is the point; whoever waits for the sessions sees any other end.
      if (!gateway.killed) throw error
    }
  }

  /** Kills the daemon in the middle of whatever it does. */
  async kill(): Promise<void> {
    const { gateway } = this.#stage
    gateway.child.kill('SIGKILL')
    await gateway.stop('SIGKILL')
  }

  /** Writes from a contact to a session; the application has to hear it. */
  async write(id: string, text = this.#text('to', id)): Promise<string> {
    this.#written.set(id, [...(this.#written.get(id) ?? []), text])
    const { simulator } = this.#stage
    await simulator.contact(this.#stage.friendOf(id)).send(this.#stage.phoneOf(id), text)
    return text
  }

  /** Waits until the object store has every change. */
  async untilStored(): Promise<void> {
    const { gateway } = this.#stage
    await gateway.eventually('everything to be stored', async () => {
      const { shipping } = await gateway.client.call('status', {})
      return shipping.lag.changes === 0 ? true : undefined
    })
  }

  async untilNothingWaits(): Promise<void> {
    await eventually('empty mailboxes', () => {
      const { waiting } = this.#stage.simulator.report().inbound
      return waiting === 0 ? true : undefined
    })
    await eventually(
      'the application to hear everything',
      () => (this.#unheard().length === 0 ? true : undefined),
      20_000,
    )
  }

  /** What a verification of everything has to say of the store, warnings too: nothing, one hopes. */
  async findings(): Promise<unknown[]> {
    const { client } = this.#stage.gateway
    const findings: unknown[] = []
    for await (const event of client.stream('backup.verify', { all: true, readData: true })) {
      if (event.type === 'checked') findings.push(...event.check.findings)
      if (event.type === 'end' && event.summary.whole < this.#stage.ids.length)
        findings.push(event.summary)
    }
    return findings
  }

  /** What went wrong, from what WhatsApp and the application know; every list should be empty. */
  harm() {
    const { details, inbound } = this.#stage.simulator.report()
    const { troubledInbound, undecryptable, reusedCounters, duplicateConnections } = details
    const unread = this.#sent.filter(({ id, text }) => {
      const { messages } = this.#stage.simulator.contact(this.#stage.friendOf(id))
      return !messages.some((message) => message.text === text)
    })
    return {
      unheard: this.#unheard(),
      lost: inbound.lost,
      unread,
      troubledInbound,
      undecryptable,
      reusedCounters,
      duplicateConnections,
      ghosts: details.ghosts,
      unlinks: details.unlinks,
      newPairings: details.pairings.length - this.#stage.ids.length,
    }
  }

  get totals(): KillLoopTotals {
    const written = [...this.#written.values()].flat()
    return {
      rounds: { ...this.#rounds },
      inbound: written.length,
      heardTwice: written.filter((text) => this.application.timesHeard(text) > 1).length,
      sent: this.#sent.length,
    }
  }

  #unheard(): string[] {
    const written = [...this.#written.values()].flat()
    return written.filter((text) => this.application.timesHeard(text) === 0)
  }

  /** Writes to and from every session as fast as each side goes on, until it is stopped. */
  load(): { stop(): Promise<void> } {
    let running = true
    const isRunning = () => running
    const writing = this.#stage.ids.map(async (id) => {
      let pending: string[] = []
      while (isRunning()) {
        pending = pending.filter((text) => this.application.timesHeard(text) === 0)
        if (pending.length < UNHEARD) pending.push(await this.write(id))
        await sleep(this.#random() * 12)
      }
    })
    const sending = this.#stage.ids.flatMap((id) => [
      this.#send(id, isRunning),
      this.#send(id, isRunning),
    ])
    const ended = Promise.all([...writing, ...sending])
    const stop = async () => {
      running = false
      await ended
    }
    return { stop }
  }

  async #send(id: string, isRunning: () => boolean): Promise<void> {
    const { gateway } = this.#stage
    const to = this.#stage.friendOf(id)
    while (isRunning()) {
      const text = this.#text('from', id)
      try {
        const { status } = await gateway.client.call('session.send', { session: id, to, text })
        if (status === 'sent') this.#sent.push({ id, text })
      } catch (error) {
        // What is under way when the daemon is killed fails; anything earlier is a fault.
        if (!gateway.killed) throw error
        return
      }
    }
  }

  #text(direction: string, id: string): string {
    return `${direction} ${id} ${this.#count++}`
  }
}
