import { troubles, type Trouble } from '../words/troubles.ts'
import type { Event, Result } from '../control/api.ts'
import type { GatewayError } from '../session/errors.ts'
import { Fleet } from './fleet.ts'
import { Frames, type Link } from './frames.ts'
import { entryOf, Journal, type Entry } from './journal.ts'
import type { Press } from './keyboard.ts'
import { layoutOf, qrFits, type Layout, type Size } from './layout.ts'
import { listingOf, type Listing } from './listing.ts'
import { settled } from './position.ts'
import { press, type Effect } from './press.ts'
import { joined, NO_RECOVERY, seen } from './recovery-board.ts'
import { FIRST_UI, type Ui } from './ui.ts'
import type { Status, Toast, World } from './world.ts'

export interface DashboardOptions {
  /** The program's own version. */
  version: string
  readonly: boolean
  /** Whether the terminal shows colours. */
  color: boolean
  size: Size
  /** Where it is drawn. */
  link?: Link
  now?: () => number
}

const TOAST_MS = 6_000
/** Without a word of the daemon for so long, the age of the data is shown. */
const STALE_MS = 5_000

/**
 * Everything that is on the screen: what is known of the daemon, and what the person chose. The feed
 * and the operator tell it of the first, `press` changes the second; whoever draws subscribes.
 */
export class Dashboard {
  readonly options: DashboardOptions
  readonly #now: () => number
  readonly #frames: Frames
  readonly #onFrame = new Set<() => void>()
  readonly #onEffect = new Set<(effect: Effect) => void>()
  readonly world: World
  #ui: Ui = FIRST_UI
  #size: Size
  #listed: { of: unknown[]; listing: Listing } | undefined
  /** What the person sees, which data may be ahead of. */
  #drawn: Listing | undefined

  constructor(options: DashboardOptions) {
    this.options = options
    this.#now = options.now ?? Date.now
    this.#size = options.size
    this.#frames = new Frames(() => this.#draw(), options.link)
    this.world = {
      link: { kind: 'connecting' },
      heardAt: this.#now(),
      fleet: new Fleet(),
      board: NO_RECOVERY,
      runs: { loading: false },
      events: new Journal(),
      logs: { journal: new Journal() },
      backups: { loading: false },
    }
  }

  get ui(): Ui {
    return this.#ui
  }

  get now(): number {
    return this.#now()
  }

  /** Who draws; what that takes decides how often it is asked to. */
  onFrame(draw: () => void): void {
    this.#onFrame.add(draw)
  }

  onEffect(act: (effect: Effect) => void): void {
    this.#onEffect.add(act)
  }

  get layout(): Layout {
    return layoutOf(this.#size, this.#ui.view, this.lost || this.trouble !== undefined)
  }

  /** The daemon is not heard, or has not been for a while. */
  get lost(): boolean {
    const { link, heardAt } = this.world
    return link.kind === 'lost' || this.#now() - heardAt > STALE_MS
  }

  /** What is wrong with what all sessions rest on, the worst of it; lists and header have the rest. */
  get trouble(): Trouble | undefined {
    const { status } = this.world
    if (status === undefined) return undefined
    const common = { ...status, sessions: [], verify: { damaged: [] } }
    return troubles(common, this.#now())[0]
  }

  /** The rows of the view that is shown; the same object while nothing has changed. */
  get listing(): Listing {
    const { world } = this
    const { view, filter, sort } = this.#ui
    const of = [view, filter, sort, ...this.#source()]
    if (this.#listed === undefined || of.some((one, n) => one !== this.#listed?.of[n]))
      this.#listed = { of, listing: listingOf(world, this.#ui) }
    return this.#listed.listing
  }

  /** What the view's rows are made of: other rows when one of these is another. */
  #source(): unknown[] {
    const { fleet, backups, events, logs } = this.world
    switch (this.#ui.view) {
      case 'sessions':
      case 'recovery':
        return [fleet.version]
      case 'backups':
        return [backups.value]
      case 'events':
        return [events.entries.at(-1)]
      case 'logs':
        return [logs.journal.entries.at(-1)]
    }
  }

  press(pressed: Press): void {
    const { layout } = this
    const listing = this.#drawn ?? this.listing
    const { index } = this.#ui.positions[this.#ui.view]
    const subject = listing.subjects[index]
    const overlaid = this.#ui.overlay !== undefined
    const { ui, effects } = press(this.#ui, pressed, {
      keys: listing.keys,
      height: overlaid ? layout.body : layout.list,
      home: listing.home,
      subject: subject === '' ? undefined : subject,
      phoneOf: (id) => this.world.fleet.get(id)?.phone,
      qrFits: qrFits(layout),
      readonly: this.options.readonly,
    })
    this.#ui = ui
    for (const effect of effects) {
      if (effect.type === 'say') this.say(effect.text, 'plain')
      for (const act of this.#onEffect) act(effect)
    }
    this.#frames.now()
  }

  resize(size: Size): void {
    this.#size = size
    this.#frames.now()
  }

  /** Draws again, so that ages grow. */
  tick(): void {
    this.#frames.soon()
  }

  stop(): void {
    this.#frames.stop()
  }

  say(text: string, tone: Toast['tone']): void {
    this.change({ toast: { text, tone, until: this.#now() + TOAST_MS } })
  }

  /** Parts of the world that are other ones now. */
  change(parts: Partial<World>): void {
    Object.assign(this.world, parts)
    this.#frames.soon()
  }

  note(entry: Omit<Entry, 'key' | 'at'>): void {
    this.world.events.add({ ...entry, at: this.#now() })
    this.#frames.soon()
  }

  heard(): void {
    if (this.world.link.kind === 'lost')
      this.note({ subject: '', text: 'the daemon is back', color: 'green' })
    this.change({ link: { kind: 'live' }, heardAt: this.#now() })
  }

  status(status: Status): void {
    const board = joined(this.world.board, status.recovery, this.#now())
    this.change({ status, board })
    this.heard()
  }

  listed(views: Result<'session.list'>['sessions']): void {
    this.world.fleet.replace(views)
    this.#keepMarks()
    this.heard()
  }

  told(event: Event<'events'>): void {
    const now = this.#now()
    const { world } = this
    if (event.type === 'session') world.fleet.put(event.view)
    else if (event.type === 'recovery') world.board = seen(world.board, event.event, now)
    const entry = entryOf(event, now)
    if (entry !== undefined) world.events.add(entry)
    this.heard()
  }

  lose(error: GatewayError, retryAt: number): void {
    if (this.world.link.kind !== 'lost')
      this.note({ subject: '', text: `lost the daemon: ${error.message}`, color: 'red' })
    this.change({ link: { kind: 'lost', error, retryAt } })
  }

  #keepMarks(): void {
    const { marks } = this.#ui
    const kept = [...marks].filter((id) => this.world.fleet.get(id) !== undefined)
    if (kept.length < marks.size) this.#ui = { ...this.#ui, marks: new Set(kept) }
  }

  #draw(): void {
    const { listing, layout } = this
    const { view, positions } = this.#ui
    const position = settled(positions[view], listing.keys, layout.list, listing.home)
    this.#ui = { ...this.#ui, positions: { ...positions, [view]: position } }
    this.#drawn = listing
    const { toast } = this.world
    if (toast !== undefined && toast.until <= this.#now()) delete this.world.toast
    for (const draw of this.#onFrame) draw()
  }
}
