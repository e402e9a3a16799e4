import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Application } from './application.ts'
import { eventually } from './gateway.ts'
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
  rounds: number
  /** Messages that contacts wrote, and those that the application heard more than once. */
  inbound: number
  heardTwice: number
  /** Messages that the application was told are sent. */
  sent: number
}

/**
 * A worker under load in both directions that is killed and started again on the same disk, round
 * after round, with an application that listens whenever it runs.
 */
export class KillLoop {
  readonly application = new Application()
  readonly #stage: Stage
  readonly #random: () => number
  readonly #written = new Map<string, string[]>()
  readonly #sent: { id: string; text: string }[] = []
  #rounds = 0
  #count = 0

  constructor(stage: Stage, random: () => number) {
    this.#stage = stage
    this.#random = random
  }

  /** The settings with which `revive` works: the application is there before the first message. */
  static readonly env = { SESSION_RECOVERY_ENABLED: 'false' }

  /** Starts the daemon, lets the application listen, then brings the sessions back. */
  async revive(): Promise<void> {
    const gateway = await this.#stage.start(KillLoop.env)
    await this.application.listen(join(this.#stage.dir, 'control.sock'))
    for await (const event of gateway.client.stream('recover', { all: true })) void event
    await gateway.untilOnline(this.#stage.ids)
  }

  /** One round: load, a kill at a random moment, sometimes another one while it comes back. */
  async round(): Promise<void> {
    this.#rounds++
    const load = this.#load()
    await sleep(20 + this.#random() * 500)
    await this.kill()
    load.stop()
    await load.ended
    if (this.#random() < 0.3) {
      const early = this.#stage.spawn()
      await sleep(200 + this.#random() * 800)
      await early.stop('SIGKILL')
    }
    await this.revive()
    await this.untilNothingWaits()
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
      rounds: this.#rounds,
      inbound: written.length,
      heardTwice: written.filter((text) => this.application.timesHeard(text) > 1).length,
      sent: this.#sent.length,
    }
  }

  #unheard(): string[] {
    const written = [...this.#written.values()].flat()
    return written.filter((text) => this.application.timesHeard(text) === 0)
  }

  /** Writes to and from every session as fast as each side goes on. */
  #load(): { stop(): void; ended: Promise<unknown> } {
    let running = true
    const isRunning = () => running
    const writing = this.#stage.ids.map(async (id) => {
      while (isRunning()) {
        await this.write(id)
        await sleep(this.#random() * 12)
      }
    })
    const sending = this.#stage.ids.flatMap((id) => [
      this.#send(id, isRunning),
      this.#send(id, isRunning),
    ])
    const stop = () => {
      running = false
    }
    return { stop, ended: Promise.all([...writing, ...sending]) }
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
        if (!gateway.ended && !gateway.child.killed) throw error
        return
      }
    }
  }

  #text(direction: string, id: string): string {
    return `${direction} ${id} ${this.#count++}`
  }
}
