import type { JournalEntry } from '../../authstate/port.ts'
import { GatewayError } from '../../session/errors.ts'
import type { StoredObject } from '../../store/port.ts'
import type { Held, ReplicaContext } from '../context.ts'
import { slotName, type BootId } from '../names.ts'
import { fencedError } from './fenced.ts'
import type { ShipLag } from './port.ts'
import { Backlog } from './backlog.ts'
import { gather, type GatherContext, type InFlight } from './gather.ts'
import type { ShipTiming } from './ship-timing.ts'
import { Waiters } from './waiters.ts'
import { isFence, writeBundle } from './write-bundle.ts'

type ShipperContext = Pick<
  ReplicaContext,
  'store' | 'sealer' | 'auth' | 'clock' | 'timing' | 'worker' | 'held' | 'newWriteId'
> & {
  /** Notes on the disk that the session's state is of the held epoch. */
  noteBase(sessionId: string, held: Held): Promise<void>
  /** The boot may write no more: something else stands in its slot. */
  onFenced(boot: BootId, slot: number, isFence: boolean): void
}

/**
 * Brings the journal into the object store, one bundle at a time.
 *
 *   idle ──changes──► gathering ──window──► in flight ──stored──► confirmed locally ──► idle | gathering
 *                                           in flight ──trouble──► in flight (the same bytes again)
 *                                           in flight ──conflict──► fenced ──restart──► idle
 *
 * Slots of a boot have no holes: the next one is not begun before the store has confirmed the last,
 * and what it holds is written down in one local transaction. Only durable changes of sessions that
 * are held under this very boot go out. While idle it does nothing at all.
 */
export class Shipper {
  readonly #context: ShipperContext
  #timing: ShipTiming
  readonly #dirty = new Set<string>()
  readonly #waiters = new Waiters()
  readonly #backlog: Backlog
  #boot: string
  #slot = 0
  #lastStart = -Infinity
  #inFlight: InFlight | undefined
  #state: 'idle' | 'running' | 'fenced' | 'stopped' = 'idle'
  #failure: unknown
  #abort = new AbortController()
  #hurry = Promise.withResolvers<void>()
  #run: Promise<void> = Promise.resolve()
  #unsubscribe: (() => void) | undefined

  constructor(context: ShipperContext, timing: ShipTiming) {
    this.#context = context
    this.#timing = timing
    this.#backlog = new Backlog(context)
    this.#boot = context.auth.boot
  }

  /** The boot that writes, and the slot that its next or present bundle takes. */
  get position(): { boot: string; slot: number } {
    return { boot: this.#boot, slot: this.#slot }
  }

  /** From the next bundle on. */
  change(timing: ShipTiming): void {
    this.#timing = timing
  }

  start(): void {
    this.#unsubscribe ??= this.#context.auth.onChanges((id) => this.#changed(id))
  }

  /** What is not stored by then stays in the journal. */
  async stop(): Promise<void> {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
    if (this.#state !== 'fenced') this.#state = 'stopped'
    this.#abort.abort(stopped())
    await this.#run
    this.#landed()
    this.#waiters.reject(stopped())
  }

  /** The session is held under this boot from now on. */
  admit(sessionId: string): void {
    this.#backlog.readable(sessionId)
    this.#backlog.forget(sessionId)
    this.start()
    this.#changed(sessionId)
  }

  /** The session was released, lost or removed. */
  dismiss(sessionId: string, error: unknown): void {
    this.#dirty.delete(sessionId)
    this.#backlog.forget(sessionId)
    this.#waiters.reject(error, sessionId)
  }

  /** Begins to write under a boot that was minted after the last one was fenced. */
  restart(boot: string): void {
    this.#boot = boot
    this.#slot = 0
    if (this.#state === 'fenced') this.#state = 'idle'
    for (const sessionId of this.#context.held.keys()) this.#changed(sessionId)
  }

  /** Resolves when the session's changes that are durable now are stored. */
  async shipped(
    sessionId: string,
    { impatient = false, signal }: { impatient?: boolean; signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    signal?.throwIfAborted()
    const local = this.#context.auth.find(sessionId)
    if (local === undefined || local.storedSeq >= local.seq) return
    if (this.#context.held.get(sessionId)?.boot !== this.#boot)
      throw fencedError(this.#boot, sessionId)
    if (this.#state === 'stopped') throw stopped()
    const begin = (): void => {
      this.#changed(sessionId)
      this.#hurry.resolve()
    }
    await this.#waiters.wait({ sessionId, seq: local.seq, impatient }, begin, signal)
  }

  /** Resolves when no bundle under way says anything of the session. */
  async clear(sessionId: string): Promise<void> {
    while (this.#inFlight?.ends.some((end) => end.sessionId === sessionId) === true)
      await this.#inFlight.done.promise
  }

  /** Other ways to the store than a bundle: a snapshot was stored. */
  settled(sessionId: string): void {
    this.#settle(sessionId)
    this.#changed(sessionId)
  }

  lag(): ShipLag {
    return this.#backlog.lag(this.#failure)
  }

  /** Looks whether somebody fenced this boot while it had nothing to write. */
  async probe(): Promise<void> {
    if (this.#state !== 'idle') return
    const { boot, slot } = this.position
    const found = await this.#context.store.get(slotName(this.#me(), slot))
    if (found === undefined || this.#state !== 'idle' || this.#boot !== boot) return
    if (this.#slot === slot) this.#fenced(slot, found)
  }

  /** Cuts the pause after a failure short. */
  retry(): void {
    if (this.#failure !== undefined) this.#hurry.resolve()
  }

  #changed(sessionId: string): void {
    const { held, auth } = this.#context
    const local = auth.find(sessionId)
    if (held.get(sessionId)?.boot !== this.#boot) return
    if (local === undefined || local.storedSeq >= local.seq) return
    this.#dirty.add(sessionId)
    this.#backlog.seen(sessionId)
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#run = this.#work().catch((error: unknown) => this.#fail(error))
  }

  /** Until there is nothing left to store, or something came between. */
  async #work(): Promise<void> {
    let full = false
    while (this.#state === 'running') {
      // A window's changes that fill a bundle do not make those behind them wait.
      if (!full) await this.#pause()
      const bundle = await this.#collect()
      full = bundle?.full === true
      if (bundle === undefined) {
        if (this.#dirty.size > 0) continue
        if (this.#state === 'running') this.#state = 'idle'
        return
      }
      if (this.#outdated(bundle)) continue
      this.#inFlight = bundle
      await this.#put(bundle)
    }
  }

  /** A session changed hands while the bundle was made: it must not go out like this. */
  #outdated({ ends }: InFlight): boolean {
    if (ends.every(({ sessionId, held }) => this.#context.held.get(sessionId) === held))
      return false
    for (const { sessionId } of ends) this.#changed(sessionId)
    return true
  }

  /** Waits for the window to pass, unless somebody waits for the store. */
  async #pause(): Promise<void> {
    const { clock } = this.#context
    const { window, gather } = this.#timing
    const now = clock.monotonic()
    await this.#sleep(Math.max(gather, this.#lastStart + window - now))
    this.#lastStart = clock.monotonic()
  }

  /** Cut short by whoever is in a hurry; a stop ends it with an error. */
  async #sleep(ms: number): Promise<void> {
    if (this.#waiters.any && this.#failure === undefined) return
    const done = new AbortController()
    const signal = AbortSignal.any([this.#abort.signal, done.signal])
    this.#hurry = Promise.withResolvers()
    const sleep = this.#context.clock.sleep(ms, { signal, background: true })
    try {
      await Promise.race([sleep, this.#hurry.promise])
    } finally {
      done.abort()
      // Its rejection by our own abort is no news.
      sleep.catch(() => undefined)
    }
    this.#abort.signal.throwIfAborted()
  }

  async #collect(): Promise<InFlight | undefined> {
    const journal: GatherContext['journal'] = (id, held, room) => this.#journal(id, held, room)
    const context = { ...this.#context, journal }
    const bundle = await gather(context, this.position, this.#dirty, this.#timing.bundleBytes)
    return this.#state === 'running' ? bundle : undefined
  }

  async #journal(sessionId: string, held: Held, room: number): Promise<JournalEntry[]> {
    const { auth } = this.#context
    try {
      await this.#context.noteBase(sessionId, held)
      const local = auth.find(sessionId)
      if (local === undefined || this.#context.held.get(sessionId) !== held) return []
      const changes = auth.journal(sessionId, local.storedSeq, room)
      this.#backlog.readable(sessionId)
      return changes
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code === 'state.disk') throw error
      if (error.code !== 'session.unknown') this.#backlog.unreadable(sessionId, error)
      this.dismiss(sessionId, error)
      return []
    }
  }

  async #put(bundle: InFlight): Promise<void> {
    const { slot, ends } = bundle
    const me = this.#me()
    const found = await writeBundle(this.#context, me, bundle, {
      timing: this.#timing,
      signal: this.#abort.signal,
      troubled: async (error, pause) => {
        this.#troubled(error)
        await this.#sleep(pause)
      },
    })
    this.#failure = undefined
    if (found !== undefined) return this.#fenced(slot, found)
    await this.#context.auth.confirmShipped(me.boot, slot, ends)
    this.#slot = slot + 1
    this.#landed()
    for (const { sessionId, bytes: size, held } of ends) {
      held.tailBytes += size
      this.#settle(sessionId)
    }
  }

  #troubled(error: unknown): void {
    this.#failure = error
    this.#waiters.troubled(error)
  }

  #settle(sessionId: string): void {
    this.#waiters.stored(sessionId, this.#backlog.stored(sessionId))
  }

  #fenced(slot: number, found: StoredObject): void {
    this.#state = 'fenced'
    this.#dirty.clear()
    this.#landed()
    this.#waiters.rejectEach((sessionId) => fencedError(this.#boot, sessionId))
    const name = slotName(this.#me(), slot)
    this.#context.onFenced(this.#me(), slot, isFence(name, found))
  }

  /** The disk failed, or this was stopped: nothing more can be written down, so nothing is sent. */
  #fail(error: unknown): void {
    this.#state = 'stopped'
    this.#failure = error
    this.#landed()
    this.#waiters.reject(error)
  }

  #landed(): void {
    this.#inFlight?.done.resolve()
    this.#inFlight = undefined
  }

  #me(): BootId {
    return { worker: this.#context.worker, boot: this.#boot }
  }
}

function stopped(): GatewayError {
  return new GatewayError({ code: 'interrupted', message: 'this worker is stopping' })
}
