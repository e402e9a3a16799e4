import type { ControlClient } from '../control/client.ts'
import { GatewayError, toGatewayError } from '../session/errors.ts'
import { summarize } from '../session/report.ts'
import type { Dashboard } from './dashboard.ts'
import { followLogs } from './log-feed.ts'
import type { Effect } from './press.ts'
import type { Action } from './ui.ts'
import type { Loaded, Pairing } from './world.ts'

/** A list that the daemon must read from the object store is taken for good for so long. */
const FRESH_MS = 60_000

const DOING: Record<Action, string> = {
  recover: 'recovering',
  preserve: 'preserving',
  backup: 'backing up',
}

/**
 * Does what keys ask for. What it began in the daemon goes on when the dashboard ends; failures are
 * shown and noted, none ends the dashboard.
 */
export class Operator {
  readonly #client: ControlClient
  readonly #dashboard: Dashboard
  readonly #signal: AbortSignal
  #pairing = new AbortController()
  #following = false

  constructor(client: ControlClient, dashboard: Dashboard, signal: AbortSignal) {
    this.#client = client
    this.#dashboard = dashboard
    this.#signal = signal
    dashboard.onEffect((effect) => this.#act(effect))
  }

  #act(effect: Effect): void {
    switch (effect.type) {
      case 'run':
        return this.#begin(this.#run(effect.action, effect.ids))
      case 'show':
        return this.#begin(this.#show(effect.id))
      case 'load':
        if (effect.view === 'backups') return this.#begin(this.#backups(effect.anew))
        if (effect.view === 'recovery') return this.#begin(this.#runs())
        if (effect.view === 'logs') return this.#logs()
        return
      case 'pair':
        return this.#begin(this.#pair(effect.id, effect.phone))
      case 'unpair':
        return this.#pairing.abort(left())
      case 'quit':
      case 'redraw':
      case 'say':
    }
  }

  #begin(work: Promise<void>): void {
    work.catch((thrown: unknown) => {
      if (this.#signal.aborted) return
      this.#tell(toGatewayError(thrown))
    })
  }

  #tell({ message, hint }: GatewayError): void {
    const text = hint === undefined ? message : `${message}; ${hint}`
    this.#dashboard.say(text, 'bad')
    this.#dashboard.note({ subject: '', text, color: 'red' })
  }

  #say(text: string, ok: boolean): void {
    this.#dashboard.say(text, ok ? 'good' : 'bad')
    this.#dashboard.note({ subject: '', text, color: ok ? 'green' : 'yellow' })
  }

  async #run(action: Action, ids: readonly string[]): Promise<void> {
    const sessions = [...ids]
    const [only] = sessions
    const whom = sessions.length === 1 && only !== undefined ? only : `${sessions.length} sessions`
    this.#dashboard.say(`${DOING[action]} ${whom}…`, 'plain')
    if (action === 'recover') return this.#recover(sessions, whom)
    const method = action === 'preserve' ? 'preserve' : 'backup.create'
    for await (const event of this.#client.stream(method, { sessions }, this.#signal)) {
      if (event.type !== 'end') continue
      const failed = event.results.filter(({ stored }) => !stored)
      const why = failed[0]?.detail
      const done = action === 'preserve' ? 'preserved' : 'backed up'
      const words = `${done} ${event.results.length - failed.length} of ${event.results.length}`
      const ok = failed.length === 0
      this.#say(ok || why === undefined ? `${words} (${whom})` : `${words}: ${why}`, ok)
    }
  }

  async #recover(sessions: string[], whom: string): Promise<void> {
    for await (const event of this.#client.stream('recover', { sessions }, this.#signal)) {
      if (event.type !== 'end') continue
      const { recovered, failed, skipped } = summarize(event.results)
      const why = event.results.find(({ outcome }) => outcome !== 'recovered')?.detail
      const words = `recovery of ${whom}: ${recovered} recovered, ${failed} failed, ${skipped} skipped`
      this.#say(why === undefined ? words : `${words}: ${why}`, failed === 0)
    }
  }

  async #show(id: string): Promise<void> {
    const { world } = this.#dashboard
    if (world.details?.id !== id)
      this.#dashboard.change({
        details: { id, shown: { loading: true }, backups: { loading: true } },
      })
    const [shown, backups] = await Promise.all([
      this.#load(world.details?.shown, () =>
        this.#client.call('session.show', { session: id }, this.#signal),
      ),
      this.#load(world.details?.backups, async () => {
        const list = await this.#client.call('backup.list', { session: id }, this.#signal)
        return list.backups
      }),
    ])
    // Another one was opened meanwhile.
    if (world.details?.id === id) this.#dashboard.change({ details: { id, shown, backups } })
  }

  /** The details that are open, as they are now. */
  refresh(): void {
    const { overlay } = this.#dashboard.ui
    if (overlay?.kind === 'details') this.#begin(this.#show(overlay.id))
    if (this.#dashboard.ui.view === 'recovery') this.#begin(this.#runs())
  }

  async #backups(anew: boolean): Promise<void> {
    const { backups } = this.#dashboard.world
    const fresh = backups.at !== undefined && this.#dashboard.now - backups.at < FRESH_MS
    if (backups.loading || (fresh && !anew)) return
    this.#dashboard.change({ backups: { ...backups, loading: true } })
    const loaded = await this.#load(backups, async () => {
      const list = await this.#client.call('backup.list', {}, this.#signal)
      return list.backups
    })
    this.#dashboard.change({ backups: loaded })
  }

  /** Once it was looked at, the log is followed. */
  #logs(): void {
    if (this.#following) return
    this.#following = true
    this.#begin(followLogs(this.#client, this.#dashboard, this.#signal))
  }

  async #runs(): Promise<void> {
    const { runs } = this.#dashboard.world
    const loaded = await this.#load(runs, async () => {
      const list = await this.#client.call('recoveries.list', { limit: 20 }, this.#signal)
      return list.runs
    })
    this.#dashboard.change({ runs: loaded })
  }

  /** What was there stays where it cannot be loaded again. */
  async #load<T>(before: Loaded<T> | undefined, call: () => Promise<T>): Promise<Loaded<T>> {
    try {
      return { loading: false, value: await call(), at: this.#dashboard.now }
    } catch (thrown) {
      const { value, at } = before ?? {}
      return {
        loading: false,
        error: toGatewayError(thrown),
        ...(value !== undefined && { value }),
        ...(at !== undefined && { at }),
      }
    }
  }

  async #pair(id: string, phone: string | undefined): Promise<void> {
    this.#pairing.abort(left())
    const pairing = new AbortController()
    this.#pairing = pairing
    const signal = AbortSignal.any([this.#signal, pairing.signal])
    const show = (parts: Omit<Pairing, 'id'>) => {
      if (!pairing.signal.aborted) this.#dashboard.change({ pairing: { id, ...parts } })
    }
    show({})
    const input = { session: id, ...(phone !== undefined && { phone }) }
    try {
      for await (const event of this.#client.stream('session.pair', input, signal)) {
        if (event.type === 'qr') show({ qr: event.qr })
        else if (event.type === 'code') show({ code: event.code })
        else if (event.type === 'result') {
          const text = `${id} is paired and online`
          show({ end: { ok: true, text } })
          this.#say(text, true)
        }
      }
    } catch (thrown) {
      if (pairing.signal.aborted) return
      const { message, hint } = toGatewayError(thrown)
      show({ end: { ok: false, text: hint === undefined ? message : `${message}; ${hint}` } })
      throw thrown
    }
  }
}

/** A person left the pairing's screen; the daemon ends it when nobody scans. */
const left = () => new GatewayError({ code: 'interrupted', message: 'the pairing was left' })
